"""Do two vectors point the same way? Cosine per layer, the band of random directions, and a verdict.

Verdict thresholds 0.7 and 0.3 as in the motivation-vectors project; |cos| of random directions of width d
stays within ±3/√d 997 times in 1,000. Unit vectors at cosine c are √(2 − 2c) apart, random ones √2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.json_values import JsonValue
from vectors.data import compare
from vectors.errors import VectorFileError
from vectors.statistics.random_directions import random_pairs
from vectors.vector import SteeringVector

STRONG, MODERATE = 0.7, 0.3


@dataclass(frozen=True)
class Alignment:
    """`layers` {L: cosine}; `n_effective` is the number of distinct texts the first vector was made from."""

    name: str
    layers: dict[int, float]
    band: float
    width: int
    n_effective: int | None = None

    @property
    def mean(self) -> float:
        return math.fsum(self.layers.values()) / len(self.layers)

    @property
    def strongest(self) -> int:
        return max(self.layers, key=lambda layer: abs(self.layers[layer]))

    def to_json(self) -> dict[str, JsonValue]:
        chance = random_pairs(self.width)
        # Rounding can make a cosine slightly greater than 1.
        distances = {str(layer): math.sqrt(max(0.0, 2 - 2 * c)) for layer, c in self.layers.items()}
        return {
            "vector": self.name,
            "layers": {str(layer): cosine for layer, cosine in self.layers.items()},
            "verdicts": {
                str(layer): alignment_verdict(cosine, self.band) for layer, cosine in self.layers.items()
            },
            "distances": distances,
            "mean": self.mean,
            "strongest_layer": self.strongest,
            "random_band": self.band,
            "null": chance.to_json(),
            "p": {str(layer): chance.p(cosine) for layer, cosine in self.layers.items()},
            "verdict": alignment_verdict(self.mean, self.band),
            "n_effective": self.n_effective,
        }


def alignment_verdict(cosine: float, band: float) -> str:
    """The cosine in words; one within the random band is "no more than random"."""
    size = abs(cosine)
    if size <= band:
        return "no more than random"
    word = "strong" if size > STRONG else "moderate" if size >= MODERATE else "weak"
    return word if cosine > 0 else f"{word}, opposite"


def align_vectors(one: SteeringVector, other: SteeringVector, n_effective: int | None = None) -> Alignment:
    cosines = compare.layer_cosines(one, other)
    name = other.about.name or "vector"
    if not cosines.layers:
        raise VectorFileError(f"{one.about.name or 'vector'} and {name} have no layer in common")
    return Alignment(name, cosines.layers, cosines.band, one.hidden_size, n_effective)
