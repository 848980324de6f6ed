"""The card of a vector file: its facts, read without torch and without a model.

The numbers are properties of the directions alone and help to spot a broken file; whether the vector
steers a model is what `check` measures.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vectors.data.metadata import About
from vectors.data.stored import SITE, StoredVector
from vectors.statistics.metrics import random_band

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

    def to_json(self) -> dict[str, Any]:
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
    """The facts of one vector file; `undecided` when its rows could be blocks or hidden states."""

    name: str
    file: str
    file_sha256: str
    format: str
    index_rule: str
    layers: tuple[int, ...]
    hidden_size: int
    norms: Mapping[int, float]
    consistency: Consistency
    sha256: str
    about: About
    warnings: tuple[str, ...]
    undecided: bool = False
    parts: tuple[str, ...] = ()
    ceilings: Mapping[int, float] | None = None
    site: str = SITE

    def to_json(self) -> dict[str, Any]:
        facts = {
            key: getattr(self, key) for key in ("name", "file", "file_sha256", "format", "site", "index_rule")
        }
        about = self.about.__dict__ | {
            "act_norms": _text_keys(self.about.act_norms),
            "stats": _text_keys(self.about.stats),
        }
        return facts | {
            "layers": list(self.layers),
            "hidden_size": self.hidden_size,
            "norms": _text_keys(self.norms),
            "consistency": self.consistency.to_json(),
            "sha256": self.sha256,
            "undecided": self.undecided,
            "parts": list(self.parts),
            "ceilings": _text_keys(self.ceilings or {}),
            "about": {key: value for key, value in about.items() if value not in ("", None, {})},
            "warnings": list(self.warnings),
        }


def _text_keys(by_layer: Mapping[int, Any]) -> dict[str, Any]:
    return {str(layer): value for layer, value in by_layer.items()}


def layer_consistency(units: Mapping[int, Any]) -> Consistency:
    """cos(v_L, v_{L+1}) wherever both layers exist: 1 for a constant vector, within ±3/√d for random rows."""
    pairs = {
        layer: float(np.dot(units[layer].astype(np.float64), units[layer + 1].astype(np.float64)))
        for layer in units
        if layer + 1 in units
    }
    width = next(iter(units.values())).size
    return Consistency(pairs, random_band(width))


def card_of(stored: StoredVector) -> Card:
    return Card(
        name=stored.about.name,
        file=stored.file,
        file_sha256=stored.file_sha256,
        format=stored.format,
        index_rule=stored.index_rule,
        layers=stored.layers,
        hidden_size=stored.hidden_size,
        norms=stored.norms,
        consistency=layer_consistency(stored.units),
        sha256=stored.sha256,
        about=stored.about,
        warnings=stored.warnings,
        undecided=stored.undecided,
        parts=stored.parts,
        ceilings=stored.ceilings,
    )


def read(path: str | os.PathLike[str], **choices: Any) -> Card:
    """The card of a file; if the layer numbering is ambiguous, the question is among the warnings."""
    from vectors.files.reading import read_stored

    return card_of(read_stored(path, allow_undecided=True, **choices))
