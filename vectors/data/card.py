"""The card of a vector file: its facts, read without torch and without a model.

The numbers are properties of the directions alone and help to spot a broken file; whether the vector
steers a model is what `check` measures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from core.json_values import JsonValue
from vectors.data.metadata import POST_BEFORE, SITES, About
from vectors.data.origin import Origin
from vectors.data.row import Row
from vectors.statistics.metrics import random_band

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

T = TypeVar("T")
ALIKE = 0.99
ONE_DIRECTION = "one direction on all layers: their agreement says nothing of its quality"


@dataclass(frozen=True)
class Consistency:
    """Cosines of neighbouring layers, with the band that random directions stay within: 3/√d."""

    pairs: Mapping[int, float]
    band: float

    @property
    def mean(self) -> float | None:
        return math.fsum(self.pairs.values()) / len(self.pairs) if self.pairs else None

    @property
    def caveat(self) -> str:
        """A note for one direction repeated on all layers: its agreement says nothing about quality."""
        return ONE_DIRECTION if min(self.pairs.values(), default=0.0) >= ALIKE else ""

    def to_json(self) -> dict[str, JsonValue]:
        cosines = list(self.pairs.values())
        return {
            "mean": self.mean,
            "min": min(cosines, default=None),
            "max": max(cosines, default=None),
            "random_band": self.band,
            "pairs": {f"{layer}-{layer + 1}": cosine for layer, cosine in self.pairs.items()},
        }


@dataclass(frozen=True)
class Card:
    """A view of a vector's metadata and of where it comes from, with the facts of its rows, but not the rows."""

    about: About
    origin: Origin
    layers: tuple[int, ...]
    hidden_size: int
    norms: Mapping[int, float]
    consistency: Consistency
    sha256: str
    ceilings: Mapping[int, float]

    @property
    def name(self) -> str:
        return self.about.name

    @property
    def site(self) -> str:
        # Cards show `post` under the name it had in files of version 1.
        return POST_BEFORE if self.about.site == SITES[0] else self.about.site

    @property
    def file(self) -> str:
        return self.origin.file

    @property
    def file_sha256(self) -> str:
        return self.origin.file_sha256

    @property
    def format(self) -> str:
        return self.origin.format

    @property
    def index_rule(self) -> str:
        return self.origin.index_rule

    @property
    def undecided(self) -> bool:
        return self.origin.undecided

    @property
    def parts(self) -> tuple[str, ...]:
        return self.origin.parts

    @property
    def warnings(self) -> tuple[str, ...]:
        note = self.about.separation_note
        return (*self.origin.warnings, *([note] if note else []))

    def to_json(self) -> dict[str, JsonValue]:
        facts = {
            key: getattr(self, key) for key in ("name", "file", "file_sha256", "format", "site", "index_rule")
        }
        about = {key: value for key, value in self.about.__dict__.items() if key != "site"} | {
            "act_norms": _text_keys(self.about.act_norms),
            "stats": _text_keys(self.about.stats),
        }
        return facts | {
            "layers": list(self.layers),
            "hidden_size": self.hidden_size,
            "norms": _text_keys(self.norms),
            "consistency": self.consistency.to_json(),
            "sha256": self.sha256,
            "holdout": self.about.holdout.to_json() if self.about.holdout else None,
            "undecided": self.undecided,
            "parts": list(self.parts),
            "ceilings": _text_keys(self.ceilings),
            "about": {key: value for key, value in about.items() if value not in ("", None, {}, ())},
            "warnings": list(self.warnings),
        }


def _text_keys(by_layer: Mapping[int, T]) -> dict[str, T]:
    return {str(layer): value for layer, value in by_layer.items()}


def layer_consistency(units: Mapping[int, Row]) -> Consistency:
    """cos(v_L, v_{L+1}) wherever both layers exist: 1 for a constant vector, within ±3/√d for random rows."""
    pairs = {
        layer: float(np.dot(units[layer].astype(np.float64), units[layer + 1].astype(np.float64)))
        for layer in units
        if layer + 1 in units
    }
    width = next(iter(units.values())).size
    return Consistency(pairs, random_band(width))


def card_of(vector: SteeringVector) -> Card:
    return Card(
        about=vector.about,
        origin=vector.origin,
        layers=vector.layers,
        hidden_size=vector.hidden_size,
        norms=vector.norms,
        consistency=layer_consistency(vector.units),
        sha256=vector.sha256,
        ceilings=vector.ceilings,
    )
