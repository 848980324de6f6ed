"""A safetensors checkpoint as named matrices that are read in slices of rows, never loaded as a whole.

Single file or sharded; the files are memory-mapped, so only the current slice counts against memory.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from core.errors import ModelError
from core.files import MEBI, open_regular, read_regular
from core.json_values import JsonValue
from core.loading import config_guard, sources
from core.loading.safetensors_header import read_header
from core.loading.sources import Progress

TOKENIZER_BYTES = 512 * MEBI
FLOATS = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


@dataclass(frozen=True)
class MappedTensor:
    """One tensor of a file: its shape, dtype and the mapped bytes."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    data: memoryview

    @cached_property
    def tensor(self) -> Tensor:
        """A view of the mapped file; nothing is read until it is used."""
        flat = torch.frombuffer(self.data, dtype=self.dtype)
        # A bias or a norm counts as a matrix of one row.
        return flat.view(self.shape if len(self.shape) > 1 else (1, -1))

    @property
    def row_bytes(self) -> int:
        return self.tensor.shape[1:].numel() * self.tensor.element_size()


@dataclass(frozen=True)
class Checkpoint:
    """`weights` by name; `other_dtypes` are tensors that are not floating point and not compared."""

    name: str
    folder: Path
    config: Mapping[str, JsonValue]
    weights: Mapping[str, MappedTensor]
    other_dtypes: tuple[str, ...] = ()

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """Tokens by their text, from tokenizer.json; empty where there is none."""
        try:
            found = json.loads(read_regular(self.folder / "tokenizer.json", TOKENIZER_BYTES))
            words = found["model"]["vocab"]
            listed = words if isinstance(words, dict) else {word: i for i, (word, _) in enumerate(words)}
            added = {token["content"]: token["id"] for token in found.get("added_tokens", ())}
            return {**listed, **added}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    @property
    def hidden_size(self) -> int:
        inner = self.config.get("text_config")
        text = inner if inner and isinstance(inner, Mapping) else self.config
        for key in config_guard.WIDTH_KEYS:
            if isinstance(width := text.get(key), int):
                return int(width)
        raise ModelError(f"{self.name}: its config.json does not say how wide it is")


def open_checkpoint(name: str | Path, on_progress: Progress | None = None) -> Checkpoint:
    """Open a demo model, a folder or a hub repository; only headers are read here."""
    source = sources.locate_model(name)
    weights: dict[str, MappedTensor] = {}
    strange: list[str] = []
    for path in sources.weight_files(source, on_progress):
        for tensor, entry in _read_tensors(path).items():
            if isinstance(entry, MappedTensor):
                weights[tensor] = entry
            else:
                strange.append(tensor)
    config = config_guard.read_json(source.folder / "config.json")
    return Checkpoint(source.name, source.folder, config, weights, tuple(sorted(strange)))


def _read_tensors(path: Path) -> dict[str, MappedTensor | None]:
    """The tensors of one file; None for those that are not floating point."""
    header = read_header(path)
    with open_regular(path) as file:
        # torch requires a writable buffer; a private mapping is one without ever changing the file.
        mapped = memoryview(
            mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        )
    found: dict[str, MappedTensor | None] = {}
    for name, entry in header.tensors.items():
        dtype = FLOATS.get(entry.dtype)
        data = mapped[header.data_start + entry.start : header.data_start + entry.end]
        found[name] = MappedTensor(entry.shape, dtype, data) if dtype is not None and len(data) else None
    return found


def require_same_width(base: Checkpoint, tuned: Checkpoint) -> None:
    if base.hidden_size != tuned.hidden_size:
        raise ModelError(
            f"{base.name} is {base.hidden_size} wide and {tuned.name} {tuned.hidden_size}:"
            " these are no two versions of one model"
        )


def shared_rows(base: Checkpoint, tuned: Checkpoint) -> tuple[Sequence[int], Sequence[int]] | None:
    """Embedding rows of both models for the same token text; None without tokenizer files."""
    ours, theirs = base.vocabulary, tuned.vocabulary
    common = [word for word in ours if word in theirs]
    return ([ours[word] for word in common], [theirs[word] for word in common]) if common else None
