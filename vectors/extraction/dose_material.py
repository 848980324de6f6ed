"""What the search for a dose works on, kept from the extraction that comes before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vectors.checks.class_states import ClassStates
from vectors.checks.halves import Halves
from vectors.checks.separation import LayerSeparation
from vectors.extraction.material import Material
from vectors.texts.pair import ContrastPair


@dataclass(frozen=True)
class DoseMaterial:
    """What the search works on: the states of the set, the pairs that judge, and the held-out separation.

    `keys` are the places of the pairs among the states. `halves` is None where two models are compared: their
    difference has no set that it must move.
    """

    states: Material
    keys: Mapping[str, int]
    halves: Halves | None
    apart: Mapping[int, LayerSeparation]
    towards: str = "positive"

    def class_states(self, halves: Halves) -> ClassStates:
        """The states of both halves, in the order of their pairs."""
        return ClassStates(
            {layer: self._interleaved(layer, halves.made) for layer in self.states.positive},
            {layer: self._interleaved(layer, halves.held) for layer in self.states.positive},
            ends_apart=False,
        )

    def _interleaved(self, layer: int, pairs: Sequence[ContrastPair]) -> np.ndarray:
        places = [self.keys[pair.key] for pair in pairs]
        sides = [side[layer][places].numpy() for side in (self.states.positive, self.states.negative)]
        both: np.ndarray = np.stack(sides, axis=1).reshape(2 * len(places), -1)
        return both
