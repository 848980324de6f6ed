"""The steering vector: one raw row per layer, and metadata. Importing it does not import torch.

Immutable. Directions, norms and the content hash follow from the rows. Arithmetic uses the raw rows, so
`a + b` adds what two files would add; a result keeps only the statistics that are still valid for it.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from core.json_values import JsonValue
from core.mixer.layer_ranges import write_layers
from vectors.data import arithmetic
from vectors.data.card import Card, card_of
from vectors.data.metadata import About
from vectors.data.origin import Origin
from vectors.data.row import LayerRow, Numbers, Row, float32_row, raw_rows, require_one_width, unit_rows
from vectors.errors import VectorFileError

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")
FLOAT32_LARGEST = 3e38
REFERENCE_DIGITS = 8


@dataclass(frozen=True, init=False, eq=False, repr=False)
class SteeringVector:
    """`.directions` {L: float32 unit tensor [d]}, `.norms` {L: float}; other attributes are optional.

    Layer L is the output of decoder block L. `ceilings` are the caps of a capping preset, by layer.
    """

    rows: Mapping[int, LayerRow]
    about: About
    origin: Origin
    ceilings: Mapping[int, float]

    def __init__(
        self,
        rows: Mapping[int, LayerRow | Numbers],
        *,
        norms: Mapping[int, float] | None = None,
        about: About | None = None,
        origin: Origin | None = None,
        ceilings: Mapping[int, float] | None = None,
    ) -> None:
        """From raw rows (tensors or arrays) by layer, or from directions when `norms` gives their lengths."""
        facts = {
            "rows": MappingProxyType(_layer_rows(rows, norms)),
            "about": about or About(),
            "origin": origin or Origin(),
            "ceilings": MappingProxyType(dict(ceilings or {})),
        }
        for name, value in facts.items():
            object.__setattr__(self, name, value)  # the one place that sets the fields of a frozen instance

    @cached_property
    def directions(self) -> Mapping[int, Tensor]:
        import torch

        return MappingProxyType({layer: torch.tensor(unit) for layer, unit in self.units.items()})

    @cached_property
    def units(self) -> Mapping[int, Row]:
        """The directions as numpy rows."""
        return MappingProxyType({layer: row.unit for layer, row in self.rows.items()})

    @cached_property
    def norms(self) -> Mapping[int, float]:
        return MappingProxyType({layer: row.norm for layer, row in self.rows.items()})

    def raw(self, layer: int) -> Row:
        """The raw row, bit for bit as it was read or given."""
        return self.rows[layer].raw

    @cached_property
    def sha256(self) -> str:
        """Content hash of layer, width, float32 norm and float32 direction, layer by layer, little-endian."""
        digest = hashlib.sha256()
        for layer, row in self.rows.items():
            # A scaled vector can have a norm beyond float32, which struct refuses to pack.
            digest.update(struct.pack("<IIf", layer, row.unit.size, min(row.norm, FLOAT32_LARGEST)))
            digest.update(row.unit.astype("<f4", copy=False).tobytes())
        return digest.hexdigest()

    @property
    def name(self) -> str:
        return self.about.name or "vector"

    @property
    def reference(self) -> str:
        """How the line of a mixer names it: as it was asked for, else by its name and the hash of its content."""
        if self.origin.asked and self.origin.asked_sha256 == self.sha256:
            return self.origin.asked
        return f"{self.name}#sha={self.sha256[:REFERENCE_DIGITS]}"

    @property
    def poles(self) -> tuple[str, ...]:
        """The names of its positive and its negative end, where the card has them."""
        return self.about.pole_names

    @property
    def label(self) -> str:
        """Its name in messages: the file, else its own name."""
        return self.origin.file or self.name

    @property
    def layers(self) -> tuple[int, ...]:
        return tuple(self.rows)

    @property
    def hidden_size(self) -> int:
        return next(iter(self.rows.values())).raw.size

    @property
    def suggestion(self) -> Mapping[str, JsonValue] | None:
        return self.about.suggestion

    @property
    def act_norms(self) -> Mapping[int, float]:
        return self.about.act_norms

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.origin.warnings

    @cached_property
    def card(self) -> Card:
        return card_of(self)

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
        return arithmetic.negate_vector(self)

    def __mul__(self, factor: float) -> SteeringVector:
        return arithmetic.scale_vector(self, float(factor))

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> SteeringVector:
        return self * (1.0 / float(divisor))

    def __add__(self, other: SteeringVector) -> SteeringVector:
        return arithmetic.combine_vectors(self, other, 1.0, 1.0)

    def __sub__(self, other: SteeringVector) -> SteeringVector:
        return arithmetic.combine_vectors(self, other, 1.0, -1.0)

    def blend(self, other: SteeringVector, share: float = 0.5) -> SteeringVector:
        """(1 − share)·v̂ + share·ŵ of the unit directions; the norm at one half is √((1+cos)/2)."""
        # Unit directions: otherwise the longer of two raw rows would decide the blend.
        return arithmetic.combine_vectors(self.renormalise(), other.renormalise(), 1.0 - share, share)

    def renormalise(self) -> SteeringVector:
        """The vector with norm 1 on every layer."""
        return arithmetic.normalize_vector(self)

    def orthogonalise(self, *others: SteeringVector) -> SteeringVector:
        """The part of the vector, layer by layer, that is orthogonal to the others."""
        return arithmetic.orthogonalize_vector(self, others)

    def only(self, layers: Iterable[int]) -> SteeringVector:
        """The vector with only these layers; an error names a layer it does not have."""
        chosen = tuple(layers)
        missing = [layer for layer in chosen if layer not in self.rows]
        if missing or not chosen:
            fault = f"no layer {missing[0]}" if missing else "nothing to select, no layer was named"
            raise VectorFileError(f"{self.label}: has {fault} (it has {write_layers(self.layers)})")
        return self.renumber({layer: layer for layer in chosen})

    def renumber(self, layers: Mapping[int, int]) -> SteeringVector:
        """The layers that are keys, under their new numbers; what is known by layer moves with them."""

        def moved(by_layer: Mapping[int, T]) -> Mapping[int, T]:
            return {layers[old]: by_layer[old] for old in sorted(by_layer) if old in layers}

        about = replace(self.about, act_norms=moved(self.about.act_norms), stats=moved(self.about.stats))
        if about.suggestion and "layers" in about.suggestion:
            band = [layers[old] for old in about.suggested_layers if old in layers]
            about = replace(about, suggestion={**about.suggestion, "layers": band})
        return replace(self, rows=moved(self.rows), about=about, ceilings=moved(self.ceilings))

    def named(self, name: str) -> SteeringVector:
        return self.with_about(replace(self.about, name=name))

    def with_about(self, about: About) -> SteeringVector:
        return replace(self, about=about)

    def asked_as(self, name: str) -> SteeringVector:
        """The vector that this name or path was found to hold."""
        return replace(self, origin=replace(self.origin, asked=name, asked_sha256=self.sha256))

    def warn(self, *sentences: str) -> SteeringVector:
        return replace(self, origin=self.origin.warn(*sentences))

    def save(self, path: str | os.PathLike[str], to: str | None = None) -> tuple[str, ...]:
        """Write it in the format of the suffix or `to`; returns warnings about what that cannot hold."""
        # The file formats are imported only by what writes or reads a file.
        from vectors.files import writing

        return writing.write(self, path, to)

    def __eq__(self, other: object) -> bool:
        # By the rows alone: the same directions under another name are the same vector.
        return isinstance(other, SteeringVector) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __repr__(self) -> str:
        return f"SteeringVector({self.name!r}, layers {write_layers(self.layers)}, {self.hidden_size} wide)"


def _layer_rows(
    rows: Mapping[int, LayerRow | Numbers], norms: Mapping[int, float] | None
) -> dict[int, LayerRow]:
    """Checked rows by layer; rows that are `LayerRow` already were checked when they were made."""
    checked = {int(layer): row for layer in sorted(rows) if isinstance(row := rows[layer], LayerRow)}
    if len(checked) == len(rows):
        return require_one_width(checked)
    arrays = {
        int(layer): row.raw if isinstance(row, LayerRow) else float32_row(row) for layer, row in rows.items()
    }
    return raw_rows(arrays) if norms is None else unit_rows(arrays, norms)
