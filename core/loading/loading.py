"""Loads a model by name and makes it steerable; whatever can be checked is checked before loading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from core.errors import UsageError
from core.files import expand_home
from core.loading import fingerprint, memory, placement, pretrained, sources
from core.loading.config_guard import check_config, refuse_absurd_size
from core.loading.gguf import model as gguf_model
from core.loading.gguf.guard import check_gguf
from core.loading.gguf.header import GgufHeader, read_gguf_header
from core.loading.placement import Placement
from core.loading.sources import ModelSource, Progress
from core.model.anatomy import PROBE_IDS, find_parts, input_device, text_config
from core.model.hooks import SteeringHooks
from core.model.model import Model

UNLIMITED = 10**9
SHRUNK = "quantization_config"
"""Configuration key of quantised checkpoints, whose weight sizes only the files tell."""


def load(
    name_or_path: str | Path,
    *,
    dtype: str | torch.dtype = "auto",
    device: str | None = None,
    device_map: Any = None,
    revision: str | None = None,
    quant: str | None = None,
    adapter: str | Path | None = None,
    layers_path: str | None = None,
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
        on_progress: Called as `on_progress(stage, done, total)` during downloading and loading.
        force: Load in spite of the memory estimate, ignore an `auto_map` where transformers has its own class, and
            leave out tensors of a GGUF file that transformers has no place for.

    Example:
        >>> model = core.load("demo-instruct")
        >>> large = core.load("./my-finetune", device_map="auto", dtype="bfloat16")
    """
    place = placement.choose_placement(dtype, device, device_map, quant)
    source, config = locate_and_check(name_or_path, place, revision, force=force)
    read = _read_folder if source.gguf is None else _read_gguf
    parts = read(source, config, place, on_progress, force=force)
    identity = parts.fingerprint(*_add_adapter(parts.hf, adapter))
    model = adopt(parts.hf, parts.tokenizer, source.name, layers_path=layers_path, identity=identity)
    _ = model.residual_norms  # measure now, not on first use in the middle of an answer
    return model


def locate_and_check(
    name_or_path: str | Path,
    place: Placement,
    revision: str | None = None,
    *,
    force: bool = False,
    leaving: Model | None = None,
) -> tuple[ModelSource, Any]:
    """Find a model and its configuration from its small files; raise if it is unusable or does not fit.

    `leaving` is a loaded model whose memory will be freed first. The configuration is a folder's JSON object, or what
    transformers makes of a GGUF file's metadata.
    """
    source = sources.locate_model(name_or_path, revision)
    freed = memory.held_bytes(leaving.hf, place.device) if leaving else 0
    check = _check_folder if source.gguf is None else _check_gguf
    return source, check(source, place, freed, force=force)


@dataclass(frozen=True)
class _ReadParts:
    """A model as read: `fingerprint` is called with the fingerprints of what was put on top of it."""

    hf: Any
    tokenizer: Any
    fingerprint: Callable[..., str]


def _check_folder(source: ModelSource, place: Placement, freed: int, *, force: bool) -> dict[str, Any]:
    # Before the blueprint, with which transformers reads the folder for the first time.
    config = check_config(source.folder, native=frozenset(CONFIG_MAPPING) if force else None)
    blueprint = pretrained.build_blueprint(source.folder, place)
    if SHRUNK not in config and not force:
        needed = memory.blueprint_bytes(blueprint, place.quant)
        memory.refuse_if_short(source.name, needed, place.available_bytes() + freed, place.device_label)
    return config


def _check_gguf(source: ModelSource, place: Placement, freed: int, *, force: bool) -> Any:
    if place.quant is not None:
        raise UsageError(f"{source.name} is a GGUF file, whose weights are dequantised: leave --quant out")
    path, header = _gguf_header(source)
    check_gguf(path, header)
    # From the header alone, before transformers reads anything.
    if not force:
        needed = header.parameters * _gguf_dtype(place, header).itemsize
        memory.refuse_if_short(source.name, needed, place.available_bytes() + freed, place.device_label)
    config = gguf_model.read_gguf_config(path, header)
    refuse_absurd_size(config.to_dict(), path)
    blueprint = gguf_model.build_gguf_blueprint(path, config, place)
    if not force:
        gguf_model.refuse_unplaced_tensors(path, header, blueprint)
    return config


def _read_folder(
    source: ModelSource, config: Any, place: Placement, on_progress: Progress | None, *, force: bool
) -> _ReadParts:
    weights = sources.weight_files(source, on_progress)
    stored = memory.stored_bytes(weights)
    # The other models were checked on their blueprint, before any weights were downloaded.
    if SHRUNK in config and not force:
        memory.refuse_if_short(source.name, stored, place.available_bytes(), place.device_label)
    hf = pretrained.read_model(source.folder, place, on_progress)
    tokenizer = pretrained.read_tokenizer(source.folder)

    def identify(*extra: str) -> str:
        return fingerprint.fingerprint_files(config, weights, *extra, place.quant or "")

    return _ReadParts(hf, tokenizer, identify)


def _read_gguf(
    source: ModelSource, config: Any, place: Placement, on_progress: Progress | None, *, force: bool
) -> _ReadParts:
    path, header = _gguf_header(source)
    dtype = _gguf_dtype(place, header)
    hf = gguf_model.read_gguf_model(path, config, dtype, place, on_progress)
    tokenizer = gguf_model.read_gguf_tokenizer(path)
    return _ReadParts(hf, tokenizer, partial(fingerprint.fingerprint_gguf, path, header))


def _gguf_header(source: ModelSource) -> tuple[Path, GgufHeader]:
    path = Path(source.gguf or "")
    return path, read_gguf_header(path)


def _gguf_dtype(place: Placement, header: GgufHeader) -> torch.dtype:
    return place.dtype or gguf_model.stored_dtype(header)


def adopt(
    hf: Any,
    tokenizer: Any = None,
    name: str = "adopted",
    *,
    layers_path: str | None = None,
    identity: str | None = None,
) -> Model:
    """Make a model in memory steerable: find its blocks, install the hooks, check that they take effect."""
    # Dropout would make every pass different.
    hf.eval()
    anatomy = find_parts(hf, layers_path)
    steering = SteeringHooks(anatomy.blocks, anatomy.sites)
    # A hook behind the wrong module would silently do nothing, so a pass tests all of them.
    steering.check_hooks(lambda: _probe_logits(hf), anatomy.final_norm)
    return Model(
        hf=hf,
        tokenizer=tokenizer,
        name=name,
        anatomy=anatomy,
        steering=steering,
        fingerprint=identity or fingerprint.fingerprint_module(hf, _probe_logits(hf)),
        max_context=_max_context(hf, tokenizer),
    )


def _add_adapter(hf: Any, folder: str | Path | None) -> list[str]:
    """Add the requested adapter, if any; its fingerprint becomes part of the model's."""
    if folder is None:
        return []
    path = expand_home(folder)
    pretrained.add_adapter(hf, path)
    return [fingerprint.fingerprint_files({}, [path / "adapter_model.safetensors"])]


def _probe_logits(hf: Any) -> torch.Tensor:
    with torch.no_grad():
        return hf(input_ids=torch.tensor(PROBE_IDS, device=input_device(hf)), use_cache=False).logits


def _max_context(hf: Any, tokenizer: Any) -> int:
    """Context length from the configuration, else from the tokenizer (which writes 10^30 for unknown)."""
    promised = getattr(text_config(hf), "max_position_embeddings", None)
    return int(promised or min(getattr(tokenizer, "model_max_length", UNLIMITED), UNLIMITED))
