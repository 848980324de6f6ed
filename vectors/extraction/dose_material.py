"""What the search for a dose works on, kept from the extraction that comes before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from core.json_values import JsonValue
from vectors.checks.class_states import ClassStates
from vectors.checks.halves import Halves, fit_halves, halves_of_set
from vectors.checks.separation import LayerSeparation
from vectors.data.metadata import About
from vectors.extraction.material import Material
from vectors.texts.pair import ContrastSet

if TYPE_CHECKING:
    from core.model.model import Model


@dataclass(frozen=True)
class DoseMaterial:
    """What the search works on: the states of the set, its pairs, and the held-out separation.

    `contrast` is None where two models are compared: their difference has no set that it must move.
    """

    states: Material
    contrast: ContrastSet | None
    apart: Mapping[int, LayerSeparation]
    template_args: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def towards(self) -> str:
        return self.contrast.poles[0] if self.contrast else "positive"

    def judging_halves(self, model: Model, about: About, seed: int) -> Halves | None:
        """The pairs that the vector's card holds out, and those that made it, as many as the budget allows."""
        if self.contrast is None:
            return None
        return fit_halves(model, halves_of_set(self.contrast, about, seed), self.template_args)

    def class_states(self, halves: Halves) -> ClassStates:
        """The states of both halves, in the order of their pairs."""
        keys = {key: place for place, key in enumerate(self.states.keys)}
        made, held = ([keys[pair.key] for pair in half] for half in (halves.made, halves.held))
        return ClassStates(
            {layer: self._interleaved(layer, made) for layer in self.states.positive},
            {layer: self._interleaved(layer, held) for layer in self.states.positive},
            ends_apart=False,
        )

    def _interleaved(self, layer: int, places: Sequence[int]) -> np.ndarray:
        sides = [side[layer][places].numpy() for side in (self.states.positive, self.states.negative)]
        both: np.ndarray = np.stack(sides, axis=1).reshape(2 * len(places), -1)
        return both
