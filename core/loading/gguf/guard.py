"""Refuses GGUF files that are no whole model, from their headers, before any library allocates or reads weights."""

from __future__ import annotations

import math
from pathlib import Path

from core.errors import ModelError
from core.loading.gguf.header import GgufHeader

CONTROL_VECTORS = ("controlvector", "steeringvector")
OTHER_TYPES = {
    "adapter": "a LoRA adapter",
    "imatrix": "an importance matrix",
    "mmproj": "the projector of a multimodal model",
}
POSITIVE = ("block_count", "embedding_length", "rope.freq_base")
NOT_NEGATIVE = ("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon")
"""Numbers of an architecture without which no model computes; with NaN or 0 some would load all the same."""

TOKEN_IDS = ("bos", "eos", "padding")
EMBEDDING = "token_embd.weight"

SCALED_IN_LOADER = ("gpt-oss",)
"""Architectures whose scaled positions transformers takes from the file."""


def check_gguf(path: Path, header: GgufHeader) -> None:
    """Raise ModelError with one sentence unless the file holds a whole language model with its vocabulary."""
    _refuse_other_contents(path, header)
    if not header.tensors:
        raise ModelError(f"{path} has no weights: it holds only a vocabulary")
    if header.vocabulary == 0:
        raise ModelError(
            f"{path} has no vocabulary (tokenizer.ggml.tokens): convert the model with its tokenizer"
        )
    _refuse_cut_file(path, header)
    _refuse_impossible_numbers(path, header)
    scaling = header.metadata.get(f"{header.architecture}.rope.scaling.type", "none")
    # Without its scaling a model computes other logits, and nothing else would tell.
    if scaling != "none" and header.architecture not in SCALED_IN_LOADER:
        raise ModelError(
            f"{path} scales its positions ({scaling}), which transformers does not take from GGUF files:"
            " use the model's safetensors folder"
        )


def _refuse_other_contents(path: Path, header: GgufHeader) -> None:
    if header.architecture in CONTROL_VECTORS:
        raise ModelError(f"{path} is a control vector, not a model: use it with --vector")
    kind = str(header.metadata.get("general.type", "model"))
    if kind != "model":
        raise ModelError(f"{path} holds {OTHER_TYPES.get(kind, kind[:40])}, not a model")
    if not header.architecture:
        raise ModelError(f"{path} names no architecture: not a model")
    parts = header.metadata.get("split.count", 1)
    if isinstance(parts, int) and parts > 1:
        raise ModelError(
            f"{path} is one of {parts} parts of a model: join them with llama-gguf-split --merge"
        )


def _refuse_impossible_numbers(path: Path, header: GgufHeader) -> None:
    for key in (*POSITIVE, *NOT_NEGATIVE):
        name = f"{header.architecture}.{key}"
        value = header.metadata.get(name)
        if not isinstance(value, int | float):
            continue
        if not math.isfinite(value) or value < 0 or (value == 0 and key in POSITIVE):
            raise ModelError(f"{path}: its {name} is {value:g}, with which no model computes: damaged")
    for kind in TOKEN_IDS:
        name = f"tokenizer.ggml.{kind}_token_id"
        value = header.metadata.get(name, 0)
        if not isinstance(value, int) or not 0 <= value < header.vocabulary:
            raise ModelError(f"{path}: its {name} is {value}, of {header.vocabulary} tokens: damaged")
    rows = header.tensors[EMBEDDING].shape[0] if EMBEDDING in header.tensors else header.vocabulary
    # Fewer tokens than rows are usual: writers pad the embedding.
    if header.vocabulary > rows:
        raise ModelError(f"{path}: {header.vocabulary} tokens, and rows of {rows} in its embedding: damaged")


def _refuse_cut_file(path: Path, header: GgufHeader) -> None:
    sizes = {name: stored_size(path, name, header) for name in header.tensors}
    ends = (header.tensors[name].offset + size for name, size in sizes.items())
    # The sum as well: tensors that share bytes would need more memory than the file has.
    declared = max(*ends, sum(sizes.values()))
    stored = max(header.file_bytes - header.data_start, 0)
    # Not compared for equality: writers pad behind the last tensor.
    if declared > stored:
        raise ModelError(
            f"{path}: {stored} bytes of weights stored, {declared} declared: damaged or truncated"
        )


def stored_size(path: Path, name: str, header: GgufHeader) -> int:
    """Bytes of one tensor in the file; raises for a type that gguf does not know, or a row of broken blocks."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    entry = header.tensors[name]
    try:
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType(entry.kind)]
    except (ValueError, KeyError):
        raise ModelError(f"{path}: tensor {name[:80]!r} has the unknown type {entry.kind}") from None
    # Blocks run along rows: a row that is no whole number of blocks was never written.
    if entry.elements == 0 or entry.shape[-1] % block:
        raise ModelError(f"{path}: tensor {name[:80]!r} has the impossible shape {list(entry.shape)}")
    return entry.elements // block * size
