"""States of the set's own texts at the token that the vector was read at: for class gaps, d, and nulls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.activations.capture import capture_steps, empty_rows, store_in
from core.activations.positions import Choice
from core.errors import UsageError
from core.jobs.job import Row, Steps
from core.json_values import JsonValue
from vectors.checks.answers.batch_answers import sample_answers
from vectors.checks.answers.judged_pairs import CONTINUED, JudgedPair
from vectors.checks.gradients.gradient import RowGradients
from vectors.checks.halves import Halves
from vectors.checks.separation import LayerSeparation, measure_halves
from vectors.statistics.json_numbers import json_safe
from vectors.texts.pair import ContrastPair
from vectors.texts.position_spec import RESPONSE, read_positions
from vectors.texts.tokenized import TokenizedText, tokenize_text
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.model.model import Model

Floats = NDArray[np.float32]
LAST = "last"


@dataclass(frozen=True)
class ClassStates:
    """`made[layer]` and `held[layer]` are [2 · pairs, d], positive and negative sides in turn."""

    made: Mapping[int, Floats]
    held: Mapping[int, Floats]
    ends_apart: bool

    def texts(self) -> dict[int, Floats]:
        """Every text of both halves."""
        return {layer: np.concatenate([rows, self.held[layer]]) for layer, rows in self.made.items()}

    def differences(self) -> dict[int, Floats]:
        """Positive minus negative, of the pairs that do not judge."""
        return {layer: rows[0::2] - rows[1::2] for layer, rows in self.made.items()}


def read_class_states(
    model: Model,
    vector: SteeringVector,
    halves: Halves,
    held: Mapping[int, Floats] | None = None,
    template_args: Mapping[str, JsonValue] | None = None,
) -> Steps[ClassStates]:
    """`held`: states of the judging half, where another pass has read them already."""
    pairs = [*halves.made, *([] if held else halves.held)]
    sides, choices = yield from _tokenized_sides(model, pairs, vector.about.read or LAST, template_args)
    rows = empty_rows(model, vector.layers, len(sides))
    ids = [list(side.ids) for side in sides]
    yield from capture_steps(model, ids, store_in(rows), layers=vector.layers, read=choices)
    cut = 2 * len(halves.made)
    ends = [side.ids[-1] for side in sides]
    return ClassStates(
        {layer: states[:cut].numpy() for layer, states in rows.items()},
        held or {layer: states[cut:].numpy() for layer, states in rows.items()},
        set(ends[0::2]).isdisjoint(ends[1::2]),
    )


def states_of_gradient(
    vector: SteeringVector, pairs: Sequence[JudgedPair], found: RowGradients | None
) -> dict[int, Floats] | None:
    """States of the judging half from the pass that made the gradient; None where it read other texts."""
    read = vector.about.read or LAST
    if found is None or not all(pair.whole for pair in pairs):
        return None
    if read == LAST:
        return {layer: found.lasts[:, layer] for layer in vector.layers}
    if read == RESPONSE and all(pair.messages for pair in pairs):
        return {layer: found.means[:, layer] for layer in vector.layers}
    return None


def measure_separations(
    vector: SteeringVector, states: ClassStates, seed: int
) -> Steps[dict[int, LayerSeparation]]:
    """d and accuracy on the judging half, with the midpoint of the other; a row per layer."""
    apart = {}
    for layer in vector.layers:
        unit = vector.directions[layer].numpy()
        apart[layer] = found = measure_halves(states.made[layer], states.held[layer], unit, seed)
        yield Row("layers", str(layer), json_safe(found.separation.to_json()))
    return apart


def _tokenized_sides(
    model: Model,
    pairs: Sequence[ContrastPair],
    read: str,
    template_args: Mapping[str, JsonValue] | None,
) -> Steps[tuple[list[TokenizedText], list[Choice]]]:
    sides = []
    for pair in pairs:
        begins = pair.begins or (None, None)
        sides += [
            tokenize_text(model, pair.positive, begins[0], template_args),
            tokenize_text(model, pair.negative, begins[1], template_args),
        ]
    silent = [i for i, side in enumerate(sides) if side.reply is None and side.turns]
    if read == RESPONSE and silent:
        asked = [list(sides[i].ids) for i in silent]
        said = yield from sample_answers(
            model, asked, max_new=CONTINUED, temperature=0.0, label="replies generated"
        )
        choices: list[Any] = [_position(read, side) for side in sides]
        for i, answer in zip(silent, said[0], strict=True):
            start = len(sides[i].ids) + len(answer.thought)
            sides[i] = TokenizedText((*sides[i].ids, *answer.thought, *answer.tokens))
            choices[i] = (start, start + len(answer.tokens)) if answer.tokens else -1
        return sides, choices
    return sides, [_position(read, side) for side in sides]


def _position(read: str, side: TokenizedText) -> Choice:
    """As the vector was read, or the last token where a text of another set has no such place."""
    try:
        return read_positions(read, side)
    except (UsageError, KeyError):
        return -1
