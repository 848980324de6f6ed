"""Loads a GGUF model with transformers, its weights dequantised; configuration and tokenizer come from the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from transformers import AutoConfig, AutoTokenizer, GgufConfig
from transformers import modeling_gguf_pytorch_utils as legacy
from transformers.integrations.gguf import GGUF_ARCHS

from core.errors import ModelError
from core.files import open_regular
from core.loading.gguf.header import GgufHeader
from core.loading.gguf.reader import fast_reading
from core.loading.placement import Placement
from core.loading.pretrained import (
    ALONE,
    ReportedItems,
    explain_errors,
    loader_class,
    refuse_missing_weights,
    silence_transformers,
)
from core.loading.sources import Progress

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

T = TypeVar("T")
FILE = "model.gguf"
ROTARY_FACTORS = "rope_freqs.weight"
PLACED_ELSEWHERE = (ROTARY_FACTORS, "output.weight")
TAKEN_APART = ("_exps.weight", "_projs.weight")
"""Ends of the names of experts' tensors, which transformers places under several names."""

FLOATS = {0: torch.float32, 1: torch.float16, 30: torch.bfloat16}
"""ggml's numbers of the types that are plain numbers and no blocks."""


def stored_dtype(header: GgufHeader) -> torch.dtype:
    """The number format of the file's matrices; bfloat16 for blocks, which are none of a GPU's formats."""
    kinds = {entry.kind for entry in header.tensors.values()}
    # Norms are float32 beside matrices of any format, so the narrowest is that of the matrices.
    return FLOATS[max(kinds)] if kinds <= FLOATS.keys() else torch.bfloat16


def read_gguf_config(path: Path, header: GgufHeader) -> PretrainedConfig:
    """The configuration that transformers makes of the file's metadata, with the rotary factors it leaves out."""
    with _alone(path) as folder:
        config = explain_errors(path, lambda: AutoConfig.from_pretrained(folder, gguf_file=FILE, **ALONE))
    if ROTARY_FACTORS in header.tensors:
        factors = _read_rotary_factors(path, header)
        # llama.cpp divides the rotary frequencies by these factors at every length (ggml_rope_ext). So does
        # "longrope" if both of its lists hold them and the attention keeps its scale.
        config.rope_parameters = {
            **config.rope_parameters,
            "rope_type": "longrope",
            "short_factor": factors,
            "long_factor": factors,
            "factor": 1.0,
            "attention_factor": 1.0,
            "original_max_position_embeddings": config.max_position_embeddings,
        }
    return config


def build_gguf_blueprint(path: Path, config: PretrainedConfig, placement: Placement) -> PreTrainedModel:
    """The model on the meta device: all shapes, no memory."""
    with silence_transformers(), torch.device("meta"):
        loader, dtype = loader_class(path, config), placement.dtype or torch.bfloat16
        return explain_errors(path, lambda: loader.from_config(config, dtype=dtype, trust_remote_code=False))


def refuse_unplaced_tensors(path: Path, header: GgufHeader, blueprint: PreTrainedModel) -> None:
    """Raise if transformers would pass over tensors of the file: without them it would be another model."""
    if header.architecture in GGUF_ARCHS:
        return
    processor = legacy.TENSOR_PROCESSORS.get(header.architecture, legacy.TensorProcessor)
    with fast_reading(iter):
        placed = explain_errors(
            path, lambda: legacy.get_gguf_hf_weights_map(blueprint, processor(blueprint.config.to_dict()))
        )
    unplaced = sorted(
        name
        for name in header.tensors.keys() - placed.keys()
        if name not in PLACED_ELSEWHERE and not name.endswith(TAKEN_APART)
    )
    if unplaced:
        raise ModelError(
            f"{path}: transformers has no place for {len(unplaced)} of its tensors ({unplaced[0]} …):"
            " use the model's safetensors folder, or --force to load it without them"
        )


def read_gguf_model(
    path: Path,
    config: PretrainedConfig,
    dtype: torch.dtype,
    placement: Placement,
    on_progress: Progress | None = None,
) -> PreTrainedModel:
    """Load and dequantise a file's weights, in eval mode; raises if the file lacks some."""
    with _alone(path, on_progress) as folder:
        loader = loader_class(path, config)
        hf, report = explain_errors(
            path,
            lambda: loader.from_pretrained(
                folder,
                gguf_file=FILE,
                config=config,
                dtype=dtype,
                device_map=placement.hf_device_map,
                # Without it the weights stay blocks where a kernel for them is installed.
                quantization_config=GgufConfig(dequantize=True),
                output_loading_info=True,
                **ALONE,
            ),
        )
    refuse_missing_weights(path, report["missing_keys"])
    return hf.eval().requires_grad_(False)


def read_gguf_tokenizer(path: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of the file, with its chat template."""
    with _alone(path) as folder:
        return explain_errors(path, lambda: AutoTokenizer.from_pretrained(folder, gguf_file=FILE, **ALONE))


@contextmanager
def _alone(path: Path, on_progress: Progress | None = None) -> Iterator[Path]:
    """A folder with nothing but the file: transformers would take settings from what lies beside it."""

    def watch(tensors: Sequence[T]) -> ReportedItems[T]:
        return ReportedItems(tensors, on_progress, "dequantising")

    with TemporaryDirectory() as folder, silence_transformers(on_progress), fast_reading(watch):
        Path(folder, FILE).symlink_to(path.resolve())
        yield Path(folder)


def _read_rotary_factors(path: Path, header: GgufHeader) -> list[float]:
    entry = header.tensors[ROTARY_FACTORS]
    if FLOATS.get(entry.kind) != torch.float32:
        raise ModelError(f"{path}: its rotary factors are of the type {entry.kind}, not float32")
    with open_regular(path) as file:
        file.seek(header.data_start + entry.offset)
        factors: list[float] = np.frombuffer(file.read(4 * entry.elements), "<f4").tolist()
    return factors
