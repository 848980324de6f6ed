"""The steering vector: one unit direction per layer, the norm each had, and metadata.

Immutable. Arithmetic uses the raw vectors (unit × norm), so `a + b` adds what two files would add; a
result keeps only the statistics that are still valid for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from core.mixer.layer_ranges import write_layers
from vectors.data import arithmetic, card, compatibility, lastbit, model_shape
from vectors.data.metadata import About
from vectors.data.stored import StoredVector
from vectors.files import reading, writing
from vectors.library import library
from vectors.library import measured as measurements


class SteeringVector:
    """`.directions` {L: float32 unit tensor [d]}, `.norms` {L: float}; other attributes are optional."""

    def __init__(
        self,
        rows: Mapping[int, Any] | StoredVector,
        *,
        norms: Mapping[int, float] | None = None,
        about: About | None = None,
    ) -> None:
        """From raw rows (tensors or arrays) by layer, or from directions when `norms` gives their lengths."""
        if isinstance(rows, StoredVector):
            self._stored = rows
            return
        arrays = {int(layer): _array(row) for layer, row in rows.items()}
        facts: dict[str, Any] = {
            "about": about or About(),
            "index_rule": "made here: layer L is the output of block L",
        }
        self._stored = (
            StoredVector.from_raw(arrays, **facts)
            if norms is None
            else StoredVector.from_units(arrays, norms, **facts)
        )

    @property
    def stored(self) -> StoredVector:
        """The same vector as numpy arrays, without torch."""
        return self._stored

    @cached_property
    def directions(self) -> Mapping[int, torch.Tensor]:
        return MappingProxyType({layer: torch.tensor(unit) for layer, unit in self._stored.units.items()})

    @property
    def norms(self) -> Mapping[int, float]:
        return MappingProxyType(dict(self._stored.norms))

    @property
    def about(self) -> About:
        return self._stored.about

    @property
    def name(self) -> str:
        return self.about.name or "vector"

    @property
    def layers(self) -> tuple[int, ...]:
        return self._stored.layers

    @property
    def hidden_size(self) -> int:
        return self._stored.hidden_size

    @property
    def sha256(self) -> str:
        return self._stored.sha256

    @property
    def suggestion(self) -> Mapping[str, Any] | None:
        return self.about.suggestion

    @property
    def act_norms(self) -> Mapping[int, float]:
        return self.about.act_norms

    @property
    def ceilings(self) -> Mapping[int, float]:
        """The caps of a capping preset, by layer; empty for every other vector."""
        return self._stored.ceilings

    @cached_property
    def card(self) -> card.Card:
        return card.card_of(self._stored)

    @cached_property
    def gaps(self) -> Mapping[int, float]:
        """Distance between the projected class means: one natural unit of each measured layer."""
        return MappingProxyType(arithmetic.class_gaps(self.about))

    @cached_property
    def usual(self) -> Mapping[int, tuple[float, float]]:
        """Mean and standard deviation of ordinary text's projections on each measured layer."""
        return MappingProxyType(arithmetic.ordinary_projections(self.about))

    def percentile(self, layer: int, q: float) -> float | None:
        """The q-th percentile (0–100) of the positive class's projections; None if not measured."""
        return arithmetic.projection_percentile(self.about, layer, q)

    def __neg__(self) -> SteeringVector:
        return SteeringVector(arithmetic.negate_vector(self._stored))

    def __mul__(self, factor: float) -> SteeringVector:
        return SteeringVector(arithmetic.scale_vector(self._stored, float(factor)))

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> SteeringVector:
        return self * (1.0 / float(divisor))

    def __add__(self, other: SteeringVector) -> SteeringVector:
        return SteeringVector(arithmetic.combine_vectors(self._stored, other._stored, 1.0, 1.0))

    def __sub__(self, other: SteeringVector) -> SteeringVector:
        return SteeringVector(arithmetic.combine_vectors(self._stored, other._stored, 1.0, -1.0))

    def blend(self, other: SteeringVector, share: float = 0.5) -> SteeringVector:
        """(1 − share)·v̂ + share·ŵ of the unit directions; the norm at one half is √((1+cos)/2)."""
        one, two = arithmetic.normalize_vector(self._stored), arithmetic.normalize_vector(other._stored)
        return SteeringVector(arithmetic.combine_vectors(one, two, 1.0 - share, share))

    def renormalise(self) -> SteeringVector:
        """The vector with norm 1 on every layer."""
        return SteeringVector(arithmetic.normalize_vector(self._stored))

    def orthogonalise(self, *others: SteeringVector) -> SteeringVector:
        """The part of the vector, layer by layer, that is orthogonal to the others."""
        return SteeringVector(
            arithmetic.orthogonalize_vector(self._stored, [other._stored for other in others])
        )

    def only(self, layers: Iterable[int]) -> SteeringVector:
        return SteeringVector(compatibility.select_layers(self._stored, layers))

    def named(self, name: str) -> SteeringVector:
        return self.with_about(replace(self.about, name=name))

    def with_about(self, about: About) -> SteeringVector:
        return SteeringVector(replace(self._stored, about=about))

    def save(self, path: str | os.PathLike[str], to: str | None = None) -> tuple[str, ...]:
        """Write it in the format of the suffix or `to`; returns warnings about what that cannot hold."""
        return writing.write(self._stored, path, to)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SteeringVector) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"SteeringVector({self.name!r}, layers {write_layers(self.layers)}, {self.hidden_size} wide)"


def _array(row: Any) -> lastbit.Row:
    if isinstance(row, torch.Tensor):
        row = row.detach().to("cpu", torch.float32).numpy()
    return np.array(row, dtype=np.float32)


def read(
    path: str | os.PathLike[str],
    *,
    layers: Iterable[int] | None = None,
    shift: int | None = None,
    model: Any = None,
    part: str | None = None,
    minus: str | os.PathLike[str] | None = None,
    force: bool = False,
    measured: bool = True,
) -> SteeringVector:
    """A vector from a file of any known format, or from the library by name.

    `model` resolves an ambiguous layer numbering; with `measured`, the results of `check` on that model
    are added.
    """
    known = None if model is None else model_shape.shape_of_model(model)
    stored = reading.read_stored(
        library.find(path),
        layers=layers,
        shift=shift,
        n_layers=known.n_layers if known else None,
        part=part,
        minus=minus,
    )
    if known is None:
        return SteeringVector(stored)
    stored = compatibility.admit_vector(stored, known, force=force)
    return SteeringVector(measurements.with_measurements(stored, model.fingerprint) if measured else stored)
