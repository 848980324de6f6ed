"""Loads a model by name and makes it steerable; whatever can be checked is checked before loading."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from core.files import expand_home
from core.json_values import JsonValue
from core.loading import fingerprint, memory, placement, pretrained, sources
from core.loading.config_guard import check_config
from core.loading.placement import DeviceMap, Placement
from core.loading.sources import ModelSource, Progress
from core.model.anatomy import PROBE_IDS, find_parts, input_device, text_config
from core.model.hooks import SteeringHooks
from core.model.model import Model
from core.model.tokenizer import Tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

UNLIMITED = 10**9
SHRUNK = "quantization_config"
"""Configuration key of quantised checkpoints, whose weight sizes only the files tell."""


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
    on_progress: Progress | None = None,
    force: bool = False,
) -> Model:
    """Load a demo, a folder or a model of the hub and make it steerable; remote code is never run.

    Args:
        name_or_path: The name of a demo model, a local folder, or a repository of the hub (owner/model).
        dtype: Number format of the weights; `auto` is the checkpoint's own on a GPU, float32 on a CPU.
        device: cpu, cuda, cuda:1 or mps; without it the first GPU, else the CPU.
        device_map: Spreads the model over devices, as transformers defines it ("auto"); excludes `device`.
        revision: Branch, tag or commit on the hub.
        quant: 4bit or 8bit, to quantise while loading.
        adapter: The folder of a PEFT adapter to put on top.
        layers_path: Where the decoder blocks are, such as model.layers, if they are not found.
        on_progress: Called as `on_progress(stage, done, total)` during downloading and loading.
        force: Load in spite of the memory estimate, and ignore an `auto_map` where transformers has its own
            class.

    Example:
        >>> model = core.load("demo-instruct")
        >>> large = core.load("./my-finetune", device_map="auto", dtype="bfloat16")
    """
    place = placement.choose_placement(dtype, device, device_map, quant)
    source, config = locate_and_check(name_or_path, place, revision, force=force)
    weights = sources.weight_files(source, on_progress)
    stored = memory.stored_bytes(weights)
    # The other models were checked on their blueprint, before any weights were downloaded.
    if SHRUNK in config and not force:
        memory.refuse_if_short(source.name, stored, place.available_bytes(), place.device_label)
    hf = pretrained.read_model(source.folder, place, on_progress)
    identity = fingerprint.fingerprint_files(config, weights, *_add_adapter(hf, adapter), quant or "")
    tokenizer = pretrained.read_tokenizer(source.folder)
    model = adopt(hf, tokenizer, source.name, layers_path=layers_path, identity=identity)
    _ = model.residual_norms  # measure now, not on first use in the middle of an answer
    return model


def locate_and_check(
    name_or_path: str | Path,
    place: Placement,
    revision: str | None = None,
    *,
    force: bool = False,
    leaving: Model | None = None,
) -> tuple[ModelSource, dict[str, JsonValue]]:
    """Find a model and its configuration from its small files; raise if it is unusable or does not fit.

    `leaving` is a loaded model whose memory will be freed first.
    """
    source = sources.locate_model(name_or_path, revision)
    # Before the blueprint, with which transformers reads the folder for the first time.
    config = check_config(source.folder, native=frozenset(CONFIG_MAPPING) if force else None)
    blueprint = pretrained.build_blueprint(source.folder, place)
    if SHRUNK not in config and not force:
        free = place.available_bytes() + (memory.held_bytes(leaving.hf, place.device) if leaving else 0)
        memory.refuse_if_short(
            source.name, memory.blueprint_bytes(blueprint, place.quant), free, place.device_label
        )
    return source, config


def adopt(
    hf: PreTrainedModel,
    tokenizer: Tokenizer | None = None,
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
