"""A vector as a file holds it, without torch: numpy rows, norms, metadata, and the layer-numbering rule.

Readers create it, writers and cards use it. Layer L is the output of decoder block L; directions are
float32 unit rows, and `norms` keeps the lengths of the raw rows.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from vectors import limits
from vectors.data import lastbit
from vectors.data.lastbit import Row
from vectors.data.layer_numbers import LayerPlacement
from vectors.data.metadata import About
from vectors.errors import VectorFileError

SITE = "block_output"


@dataclass(frozen=True, eq=False)
class StoredVector:
    """Unit rows and raw norms; `exact` holds raw rows that unit × norm does not reproduce bit for bit."""

    units: Mapping[int, Row]
    norms: Mapping[int, float]
    exact: Mapping[int, Row] = field(default_factory=dict)
    about: About = field(default_factory=About)
    format: str = "memory"
    index_rule: str = ""
    undecided: bool = False
    parts: tuple[str, ...] = ()
    ceilings: Mapping[int, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    file: str = ""
    file_sha256: str = ""

    @classmethod
    def from_raw(cls, rows: Mapping[int, Row], **facts: Any) -> StoredVector:
        """Build from raw rows; an invalid row raises an error that names its layer."""
        rows = {layer: rows[layer] for layer in sorted(rows)}
        halves = {layer: lastbit.split_norm(require_direction(layer, row)) for layer, row in rows.items()}
        units = {layer: unit for layer, (unit, _) in halves.items()}
        norms = {layer: norm for layer, (_, norm) in halves.items()}
        exact = {layer: row for layer, row in rows.items() if _differs(row, units[layer], norms[layer])}
        return cls(
            freeze_rows(units), MappingProxyType(norms), freeze_rows(exact), **facts
        )._require_one_width()

    @classmethod
    def from_units(cls, rows: Mapping[int, Row], norms: Mapping[int, float], **facts: Any) -> StoredVector:
        """Build from directions and separate norms; a row that is not unit is normalized."""
        units = {
            layer: lastbit.split_norm(require_direction(layer, rows[layer]))[0] for layer in sorted(rows)
        }
        lengths = {layer: float(norms.get(layer, 1.0)) for layer in units}
        return cls(freeze_rows(units), MappingProxyType(lengths), **facts)._require_one_width()

    def _require_one_width(self) -> StoredVector:
        widths = {layer: row.size for layer, row in self.units.items()}
        if not widths:
            raise VectorFileError("no layers in it")
        first = next(iter(widths))
        for layer, width in widths.items():
            if width != widths[first]:
                raise VectorFileError(
                    f"layer {layer} has {width} dimensions, layer {first} has {widths[first]}"
                )
        return self

    @property
    def layers(self) -> tuple[int, ...]:
        return tuple(self.units)

    @property
    def hidden_size(self) -> int:
        return next(iter(self.units.values())).size

    def raw(self, layer: int) -> Row:
        """The raw row, bit for bit as it was read."""
        held = self.exact.get(layer)
        return lastbit.join_norm(self.units[layer], self.norms[layer]) if held is None else held

    @cached_property
    def sha256(self) -> str:
        """Content hash of layer, width, float32 norm and float32 direction, layer by layer, little-endian."""
        digest = hashlib.sha256()
        for layer, unit in self.units.items():
            digest.update(struct.pack("<IIf", layer, unit.size, min(self.norms[layer], 3e38)))
            digest.update(unit.astype("<f4", copy=False).tobytes())
        return digest.hexdigest()

    def apply_placement(self, placed: LayerPlacement) -> StoredVector:
        """The same rows under our layer numbers; everything stored by layer is renumbered with them."""
        return replace(
            self._renumber_layers(placed.layers),
            index_rule=placed.rule,
            undecided=placed.undecided,
            warnings=(*self.warnings, *placed.warnings),
        )

    def _renumber_layers(self, layers: Mapping[int, int]) -> StoredVector:
        def moved(held: Mapping[int, Any]) -> Mapping[int, Any]:
            return MappingProxyType({layers[index]: held[index] for index in sorted(held) if index in layers})

        about = replace(self.about, act_norms=moved(self.about.act_norms), stats=moved(self.about.stats))
        if about.suggestion and "layers" in about.suggestion:
            band = [layers[index] for index in about.suggestion["layers"] if index in layers]
            about = replace(about, suggestion={**about.suggestion, "layers": band})
        return replace(
            self,
            about=about,
            units=moved(self.units),
            norms=moved(self.norms),
            exact=moved(self.exact),
            ceilings=moved(self.ceilings),
        )

    def shift_layers(self, by: int) -> StoredVector:
        """Layer L renumbered as L + by, for formats that count differently."""
        return self._renumber_layers({layer: layer + by for layer in self.layers})

    def only(self, layers: Iterable[int]) -> StoredVector:
        return self._renumber_layers({layer: layer for layer in layers})

    def warn(self, *sentences: str) -> StoredVector:
        return replace(self, warnings=(*self.warnings, *sentences))


def require_direction(layer: int, row: Row) -> Row:
    """Return the row if it is float32, one-dimensional, finite and not zero; raise otherwise."""
    if row.dtype != np.float32 or row.ndim != 1:
        raise VectorFileError(f"layer {layer} is not a float32 row")
    if row.size == 0:
        raise VectorFileError(f"layer {layer} is empty")
    if row.size > limits.WIDTH:
        raise VectorFileError(
            f"layer {layer} has {limits.format_count(row.size)} dimensions, limit {limits.WIDTH:,}"
        )
    if broken := int(np.count_nonzero(~np.isfinite(row))):
        raise VectorFileError(f"layer {layer}: {broken} non-finite values")
    if not row.any():
        raise VectorFileError(f"layer {layer} has norm 0")
    return row


def extreme_norm_warnings(norms: Mapping[int, float]) -> tuple[str, ...]:
    """Warnings for norms outside the range that activations have."""
    odd = {layer: norm for layer, norm in norms.items() if not 1e-6 < norm < limits.FP16_LARGEST}
    return tuple(f"layer {layer} has an extreme norm: {norm:.3g}" for layer, norm in odd.items())


def _differs(row: Row, unit: Row, norm: float) -> bool:
    return not np.array_equal(lastbit.join_norm(unit, norm).view(np.int32), row.view(np.int32))


def freeze_rows(rows: Mapping[int, Row]) -> Mapping[int, Row]:
    """Make the rows read-only and return them in a read-only mapping."""
    for row in rows.values():
        row.flags.writeable = False
    return MappingProxyType(dict(rows))
