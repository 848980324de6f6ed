"""Finds the decoder blocks of a model and what they output.

Steering and capture act on block outputs, so this is the only module that depends on architectures. Blocks
are found by structure, because names vary more between architectures than shapes do; a short table of known
paths and the user's own path are the fallbacks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from core.errors import ModelError
from core.model.block_probe import BlockProbe, Site

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

KNOWN_PATHS = (
    "model.layers",
    "model.language_model.layers",
    "language_model.model.layers",
    "transformer.h",
    "gpt_neox.layers",
    "model.decoder.layers",
    "transformer.blocks",
    "transformer.layers",
    "backbone.layers",
)
MIXES_TOKENS = re.compile(r"attn|attention|mixer|mamba|ssm|rglru|recurrent|temporal|conv", re.IGNORECASE)
OTHER_TOWER = re.compile(r"vision|visual|image|audio|speech|whisper|encoder|mtp|draft", re.IGNORECASE)
PROBE_IDS = ((1, 2, 3),)


@dataclass(frozen=True, eq=False)
class Anatomy:
    """The parts of one model; `trunk` is all but the unembedding, `sites` come from one probe forward."""

    blocks_path: str
    blocks: tuple[nn.Module, ...]
    hidden_size: int
    trunk: nn.Module
    final_norm: nn.Module | None
    unembedding: nn.Module | None
    sites: tuple[Site, ...]

    @property
    def n_layers(self) -> int:
        return len(self.blocks)


def find_parts(hf: PreTrainedModel, layers_path: str | None = None) -> Anatomy:
    """Locate the parts of a model and run one probe forward to see what its blocks output."""
    path, blocks = find_blocks(hf, layers_path)
    probe = BlockProbe(hf, blocks, getattr(text_config(hf), "hidden_size", None))
    probe.run(lambda ids: hf(input_ids=ids, use_cache=False), input_device(hf))
    sites, hidden_size = probe.block_outputs()
    unembedding = _output_embeddings(hf)
    return Anatomy(
        blocks_path=path,
        blocks=tuple(blocks),
        hidden_size=hidden_size,
        trunk=_trunk(hf, path, unembedding),
        final_norm=probe.final_norm,
        unembedding=unembedding,
        sites=sites,
    )


def find_blocks(hf: nn.Module, layers_path: str | None = None) -> tuple[str, Sequence[nn.Module]]:
    """Path and list of the decoder blocks: by the user's path, else by structure, else a known path."""
    if layers_path is not None:
        return layers_path, _blocks_at(hf, layers_path)
    lists = dict(_module_lists(hf))
    found = _by_structure(lists, _depth(hf)) or [path for path in KNOWN_PATHS if path in lists]
    if not found:
        raise ModelError(_not_found(hf, lists))
    return found[0], list(lists[found[0]])


def input_device(hf: PreTrainedModel) -> torch.device:
    """Device for token ids: the execution device of the input embedding."""
    embedding = hf.get_input_embeddings() if hasattr(hf, "get_input_embeddings") else None
    # accelerate moves inputs to its hook's device; offloaded parameters are on `meta`.
    hook = getattr(embedding, "_hf_hook", None)
    device = getattr(hook, "execution_device", None)
    if device is not None:
        return torch.device(device)
    return next((embedding or hf).parameters()).device


def text_config(hf: PreTrainedModel) -> PretrainedConfig | None:
    """Configuration of the text tower; a text-only model has only this one."""
    config = getattr(hf, "config", None)
    if config is None or not hasattr(config, "get_text_config"):
        return config
    return config.get_text_config(decoder=True)


def _depth(hf: nn.Module) -> int | None:
    return getattr(text_config(hf), "num_hidden_layers", None)


def _module_lists(hf: nn.Module) -> Iterator[tuple[str, nn.ModuleList]]:
    for path, module in hf.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) > 0:
            yield path, module


def _by_structure(lists: dict[str, nn.ModuleList], depth: int | None) -> list[str]:
    """Lists with one token-mixing block per layer; text towers first, outer lists before inner ones."""
    fitting = [
        path for path, blocks in lists.items() if len(blocks) == depth and all(map(_mixes_tokens, blocks))
    ]
    return sorted(fitting, key=lambda path: (bool(OTHER_TOWER.search(path)), path.count(".")))


def _mixes_tokens(block: nn.Module) -> bool:
    return any(MIXES_TOKENS.search(name) for name, _ in block.named_children())


def _blocks_at(hf: nn.Module, path: str) -> list[nn.Module]:
    lists = dict(_module_lists(hf))
    if path not in lists:
        raise ModelError(f"--layers-path {path}: no list of modules there; {_candidates(hf, lists)}")
    return list(lists[path])


def _not_found(hf: nn.Module, lists: dict[str, nn.ModuleList]) -> str:
    return f"no decoder blocks found: {_candidates(hf, lists)}; name the right one with --layers-path"


def _candidates(hf: nn.Module, lists: dict[str, nn.ModuleList]) -> str:
    found = ", ".join(
        f"{path} ({len(blocks)} × {type(blocks[0]).__name__})" for path, blocks in lists.items()
    )
    return f"{type(hf).__name__} has {'the lists ' + found if found else 'no lists of modules'}"


def _trunk(hf: nn.Module, path: str, unembedding: nn.Module | None) -> nn.Module:
    """The outermost module on the path to the blocks that does not contain the unembedding."""
    names = path.split(".")
    prefixes = [".".join(names[:end]) for end in range(1, len(names))]
    for module in map(hf.get_submodule, prefixes):
        # The first hit is the outermost module that runs all blocks without computing logits.
        if unembedding is not None and all(part is not unembedding for part in module.modules()):
            return module
    return hf


def _output_embeddings(hf: PreTrainedModel) -> nn.Module | None:
    return hf.get_output_embeddings() if hasattr(hf, "get_output_embeddings") else None
