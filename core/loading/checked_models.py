"""A model that was found, with all that is known before its weights are read: a folder, or a GGUF file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from core.byte_sizes import format_bytes
from core.errors import UsageError
from core.json_values import JsonValue
from core.loading import fingerprint, memory, pretrained, sources
from core.loading.config_guard import check_config, refuse_absurd_size
from core.loading.gguf import model as gguf_model
from core.loading.gguf.guard import check_gguf
from core.loading.gguf.header import GgufHeader, read_gguf_header
from core.loading.placement import Placement
from core.loading.sources import ModelSource, Progress
from core.loading.stored_quantization import StoredQuantization, read_quantization
from core.model.tokenizer import Tokenizer

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


@dataclass(frozen=True)
class LoadedParts:
    """A model as read; `fingerprint` takes the fingerprints of what was put on top of it."""

    hf: PreTrainedModel
    tokenizer: Tokenizer | None
    fingerprint: Callable[..., str]


@dataclass(frozen=True)
class CheckedFolder:
    """A folder, perhaps without its weights yet, and its configuration."""

    source: ModelSource
    place: Placement
    config: Mapping[str, JsonValue]
    force: bool
    quantised: StoredQuantization | None = None
    needed: int | None = None
    """Bytes of the weights in memory; None where only the files tell."""

    def read_parts(self, on_progress: Progress | None) -> LoadedParts:
        """Download what is missing and read it."""
        source, place = self.source, self.place
        weights = sources.weight_files(source, on_progress)
        stored = memory.stored_bytes(weights)
        # The other models were checked on their blueprint, before any weights were downloaded.
        if self._stays_packed and not self.force:
            memory.refuse_if_short(self._subject, stored, place.available_bytes(), place.device_label)
        if self.quantised is not None and on_progress is not None:
            on_progress(f"{self.quantised}: {format_bytes(self.needed or stored)}", 0, 0)
        dequantises = self.quantised is not None and self.quantised.dequantises
        hf = pretrained.read_model(
            source.folder, place, on_progress, force=self.force, dequantises=dequantises
        )
        tokenizer = pretrained.read_tokenizer(source.folder)
        return LoadedParts(hf, tokenizer, partial(self._fingerprint, weights))

    @property
    def _subject(self) -> str:
        return subject_of(self.source, self.quantised)

    @property
    def _stays_packed(self) -> bool:
        """Whether only the files tell how much memory the weights take."""
        return self.quantised is not None and not self.quantised.dequantises

    def _fingerprint(self, weights: list[Path], *extra: str) -> str:
        return fingerprint.fingerprint_files(self.config, weights, *extra, self.place.quant or "")


@dataclass(frozen=True)
class CheckedGguf:
    """A GGUF file, its header, and the configuration that transformers makes of it."""

    source: ModelSource
    path: Path
    place: Placement
    header: GgufHeader
    config: PretrainedConfig

    def read_parts(self, on_progress: Progress | None) -> LoadedParts:
        """Read and dequantise it."""
        dtype = gguf_dtype(self.place, self.header)
        hf = gguf_model.read_gguf_model(self.path, self.config, dtype, self.place, on_progress)
        tokenizer = gguf_model.read_gguf_tokenizer(self.path)
        return LoadedParts(hf, tokenizer, partial(fingerprint.fingerprint_gguf, self.path, self.header))


def check_model(
    source: ModelSource, place: Placement, freed: int = 0, *, force: bool = False
) -> CheckedFolder | CheckedGguf:
    """Check a model by its small files or its header; raises if it is unusable or does not fit.

    `freed` bytes will be free beside those that are free now.
    """
    if source.gguf is not None:
        return _check_file(source, source.gguf, place, freed, force=force)
    # Before the blueprint, with which transformers reads the folder for the first time.
    config = check_config(source.folder, native=frozenset(CONFIG_MAPPING) if force else None)
    blueprint = pretrained.build_blueprint(source.folder, place)
    quantised = read_quantization(source.folder, config, place)
    needed = None
    if quantised is None or quantised.dequantises:
        needed = memory.blueprint_bytes(blueprint, place.quant)
    if needed is not None and not force:
        free, towers = place.available_bytes() + freed, memory.tower_bytes(blueprint)
        memory.refuse_if_short(subject_of(source, quantised), needed, free, place.device_label, towers)
    return CheckedFolder(source, place, config, force, quantised, needed)


def subject_of(source: ModelSource, quantised: StoredQuantization | None) -> str:
    """The model's name, with why it may need more memory than its files take."""
    return source.name if quantised is None else f"{source.name}, {quantised},"


def _check_file(source: ModelSource, path: Path, place: Placement, freed: int, *, force: bool) -> CheckedGguf:
    if place.quant is not None:
        raise UsageError(f"{source.name} is a GGUF file, whose weights are dequantised: leave --quant out")
    header = read_gguf_header(path)
    check_gguf(path, header)
    # From the header alone, before transformers reads anything.
    if not force:
        needed = header.parameters * gguf_dtype(place, header).itemsize
        memory.refuse_if_short(source.name, needed, place.available_bytes() + freed, place.device_label)
    config = gguf_model.read_gguf_config(path, header)
    refuse_absurd_size(config.to_dict(), path)
    blueprint = gguf_model.build_gguf_blueprint(path, config, place)
    if not force:
        gguf_model.refuse_unplaced_tensors(path, header, blueprint)
    return CheckedGguf(source, path, place, header, config)


def gguf_dtype(place: Placement, header: GgufHeader) -> torch.dtype:
    """The number format in which a GGUF file's weights are held."""
    return place.dtype or gguf_model.stored_dtype(header)
