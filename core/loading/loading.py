"""Loads a model by name and makes it steerable; whatever can be checked is checked before loading."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from core.byte_sizes import format_bytes, parse_bytes
from core.files import expand_home
from core.loading import fingerprint, memory, placement, pretrained, sources
from core.loading.checked_models import CheckedFolder, CheckedGguf, check_model
from core.loading.placement import DeviceMap, Placement
from core.loading.sources import Progress
from core.model.anatomy import PROBE_IDS, find_parts, input_device, text_config
from core.model.cache_check import cache_warning, check_cache
from core.model.fused_norms import fuse_norms
from core.model.hooks import SteeringHooks
from core.model.model import SNAPSHOT_MEMORY, Model
from core.model.tokenizer import Tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

UNLIMITED = 10**9


def load(
    name_or_path: str | Path,
    *,
    dtype: str | torch.dtype = "auto",
    device: str | None = None,
    device_map: DeviceMap = None,
    revision: str | None = None,
    quant: str | None = None,
    adapter: str | Path | None = None,
    layers_path: str | None = None,
    snapshot_memory: str | None = None,
    on_progress: Progress | None = None,
    force: bool = False,
) -> Model:
    """Load a demo, a folder, a GGUF file or a model of the hub and make it steerable; remote code is never run.

    Args:
        name_or_path: The name of a demo or fetched model, a local folder, a GGUF file (its weights are dequantised), or
            a repository of the hub (owner/model).
        dtype: Number format of the weights; `auto` is the checkpoint's own on a GPU, float32 on a CPU.
        device: cpu, cuda, cuda:1 or mps; without it the first GPU, else the CPU.
        device_map: Spreads the model over devices, as transformers defines it ("auto"); excludes `device`.
        revision: Branch, tag or commit on the hub.
        quant: 4bit or 8bit, to quantise while loading.
        adapter: The folder of a PEFT adapter to put on top.
        layers_path: Where the decoder blocks are, such as model.layers, if they are not found.
        snapshot_memory: Host memory for snapshots of running states, to go back to, such as `500MB`; 2 GB without it, 0
            keeps none: going back then repeats the whole text.
        on_progress: Called as `on_progress(stage, done, total)` during downloading and loading.
        force: Load in spite of the memory estimate, ignore an `auto_map` where transformers has its own class, and
            leave out weights that transformers has no place for.

    Example:
        >>> model = core.load("demo-instruct")
        >>> large = core.load("./my-finetune", device_map="auto", dtype="bfloat16")
    """
    place = placement.choose_placement(dtype, device, device_map, quant)
    snapshot_limit = SNAPSHOT_MEMORY if snapshot_memory is None else parse_bytes(snapshot_memory)
    checked = locate_and_check(name_or_path, place, revision, force=force)
    parts = checked.read_parts(on_progress)
    identity = parts.fingerprint(*_add_adapter(parts.hf, adapter))
    model = _make_steerable(parts.hf, parts.tokenizer, checked.source.name, layers_path, identity)
    model.warnings = (*model.warnings, *load_warnings(model, checked))
    model.snapshot_limit = snapshot_limit
    _ = model.residual_norms  # measure now, not on first use in the middle of an answer
    return model


def locate_and_check(
    name_or_path: str | Path,
    place: Placement,
    revision: str | None = None,
    *,
    force: bool = False,
    leaving: Model | None = None,
) -> CheckedFolder | CheckedGguf:
    """Find a model and read its small files or its header; raise if it is unusable or does not fit.

    `leaving` is a loaded model whose memory will be freed first.
    """
    source = sources.locate_model(name_or_path, revision)
    freed = memory.held_bytes(leaving.hf, place.device) if leaving else 0
    return check_model(source, place, freed, force=force)


def adopt(
    hf: PreTrainedModel,
    tokenizer: Tokenizer | None = None,
    name: str = "adopted",
    *,
    layers_path: str | None = None,
    identity: str | None = None,
) -> Model:
    """Make a model in memory steerable: find its blocks, install the hooks, check that they and the cache work.

    What its user has to know is in `warnings` of the result, and given as a warning of Python.
    """
    model = _make_steerable(hf, tokenizer, name, layers_path, identity)
    for sentence in model.warnings:
        warnings.warn(sentence, stacklevel=2)
    return model


def _make_steerable(
    hf: PreTrainedModel,
    tokenizer: Tokenizer | None,
    name: str,
    layers_path: str | None,
    identity: str | None,
) -> Model:
    # Dropout would make every pass different.
    hf.eval()
    fuse_norms(hf)
    anatomy = find_parts(hf, layers_path)
    steering = SteeringHooks(anatomy.blocks, anatomy.sites)
    # A hook behind the wrong module would silently do nothing, so a pass tests all of them.
    steering.check_hooks(lambda: _probe_logits(hf), anatomy.final_norm)
    model = Model(
        hf=hf,
        tokenizer=tokenizer,
        name=name,
        anatomy=anatomy,
        steering=steering,
        fingerprint=identity or fingerprint.fingerprint_module(hf, _probe_logits(hf)),
        max_context=_max_context(hf, tokenizer),
    )
    check_cache(model)
    model.warnings = tuple(filter(None, [cache_warning(model)]))
    return model


def load_warnings(model: Model, checked: CheckedFolder | CheckedGguf) -> tuple[str, ...]:
    """What the user has to know about how a model was stored and loaded."""
    found = []
    stored = checked.quantised if isinstance(checked, CheckedFolder) else None
    if stored is not None and stored.dequantises:
        held = format_bytes(memory.held_bytes(model.hf, None))
        found.append(f"{model.name} is stored as {stored.method} and was dequantised: it takes {held}")
    if towers := memory.tower_bytes(model.hf):
        found.append(
            f"{model.name} has towers for pictures or sound, unused here: they take {format_bytes(towers)}"
        )
    return tuple(found)


def _add_adapter(hf: PreTrainedModel, folder: str | Path | None) -> list[str]:
    """Add the requested adapter, if any; its fingerprint becomes part of the model's."""
    if folder is None:
        return []
    path = expand_home(folder)
    pretrained.add_adapter(hf, path)
    return [fingerprint.fingerprint_files({}, [path / "adapter_model.safetensors"])]


def _probe_logits(hf: PreTrainedModel) -> torch.Tensor:
    with torch.no_grad():
        return hf(input_ids=torch.tensor(PROBE_IDS, device=input_device(hf)), use_cache=False).logits


def _max_context(hf: PreTrainedModel, tokenizer: Tokenizer | None) -> int:
    """Context length from the configuration, else from the tokenizer (which writes 10^30 for unknown)."""
    promised = getattr(text_config(hf), "max_position_embeddings", None)
    return int(promised or min(getattr(tokenizer, "model_max_length", UNLIMITED), UNLIMITED))
