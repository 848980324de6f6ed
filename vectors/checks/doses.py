"""Texts generated under doses of a vector and of random control vectors, in parallel lanes, and their scores.

One dose is one natural unit (a class gap) in total, divided over the band; for a vector without a known
gap it is the default dose in mean residual norms. Controls are random directions with the same norms and
gaps at the same layers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from core import stream
from core.activations.capture import capture
from core.collapse.collapse import AnswerEvidence, Collapse, find_collapse
from core.jobs.job import Steps, gpu_task
from core.json_values import JsonValue
from core.mixer.lanes import mixer_lanes
from core.mixer.mixer import DEFAULT_DOSE, Channel, Mixer
from vectors.checks import likelihood
from vectors.checks.likelihood import TextScore
from vectors.statistics import metrics
from vectors.vector import SteeringVector

if TYPE_CHECKING:
    from core.generation.lane_comparison import LaneToken
    from core.generation.token import GeneratedToken
    from core.model.model import Model

TEMPERATURE = 0.7  # greedy small models repeat themselves unsteered, which would look like a collapse
COLLAPSE_NATS = (
    1.0  # NLL per token above the undosed text; on the demo model, word salad begins at about this
)

Ids = list[int]
Token: TypeAlias = "GeneratedToken | LaneToken"


@dataclass(frozen=True)
class DosedVector:
    """A vector prepared for dosing: the layers to steer, the unit, and the size of one dose."""

    vector: SteeringVector
    band: tuple[int, ...]
    unit: str
    dose_size: float

    def mixer(self, dose: float) -> Mixer:
        scale = dose * self.dose_size
        return Mixer((Channel(self.vector, scale=scale, unit=self.unit, layers=self.band, split=True),))

    def random_control(self, seed: int) -> DosedVector:
        """The same setup with a random direction: same layers, norms and gaps."""
        chance = np.random.default_rng(seed)
        # Independent normal entries give a direction that is uniform on the sphere.
        rows = {layer: chance.standard_normal(self.vector.hidden_size) for layer in self.vector.layers}
        random = SteeringVector(rows, norms=self.vector.norms, about=self.vector.about).named(
            f"random {seed}"
        )
        return replace(self, vector=random)

    def project_echo(
        self, states: Mapping[int, NDArray[np.float32]], text: int, residual: Mapping[int, float]
    ) -> float:
        """Projection of a text, read unsteered, on the vector, in mean residual norms of the band."""
        # As shares of the residual norm, so that layers with larger states do not dominate the mean.
        shares = [
            float(states[layer][text] @ self.vector.directions[layer].numpy()) / residual[layer]
            for layer in self.band
        ]
        return float(np.mean(shares))


def prepare_doses(vector: SteeringVector, band: Sequence[int]) -> DosedVector:
    """Doses in natural units if every layer of the band has a gap, else in mean residual norms."""
    # One unit for the whole band: a single layer without a gap rules natural units out.
    natural = all(vector.gaps.get(layer, 0.0) > 0 for layer in band)
    return DosedVector(vector, tuple(band), *(("natural", 1.0) if natural else ("relative", DEFAULT_DOSE)))


@dataclass(frozen=True)
class DosedText:
    """One text generated under one dose; `echo` is its projection on the vector in the unsteered model,
    `collapse` the first sign of collapse in it.
    """

    prompt: int
    dose: float
    tokens: tuple[int, ...]
    text_score: TextScore
    echo: float
    collapse: Collapse | None = None

    @property
    def repetition(self) -> float:
        return metrics.repeated_ngram_share(self.tokens)

    def has_collapsed(self, undosed: DosedText) -> bool:
        """Whether the dose broke the text: the unsteered model finds it much less likely than the text at dose 0,
        or it shows a sign of collapse that the text at dose 0 does not.
        """
        worse = self.text_score.nll - undosed.text_score.nll > COLLAPSE_NATS
        return worse or (self.collapse is not None and undosed.collapse is None)


Lane = tuple[DosedVector, float]


def generate_lanes(
    model: Model, prompt: Ids, lanes: Sequence[Lane], max_new: int, number: int = 0
) -> Steps[list[DosedText]]:
    """Generate one prompt in all lanes at once, token by token; returns a `DosedText` per lane."""
    voices = yield from _generate_tokens(model, prompt, [tool.mixer(dose) for tool, dose in lanes], max_new)
    said = [[token.token_id for token in voice] for voice in voices]
    # Read without steering: the vector that was added to the states must not count as its own echo.
    states = yield gpu_task(partial(_mean_states, model, prompt, said, lanes))
    text = None if model.tokenizer is None else str(model.tokenizer.decode(prompt))
    row = []
    for lane, (tool, dose) in enumerate(lanes):
        mixer, ids = tool.mixer(dose), [*prompt, *said[lane]]
        aside = yield gpu_task(partial(likelihood.score_text, model, ids, len(prompt), mixer))
        echo = tool.project_echo(states, lane, model.residual_norms)
        collapse = find_text_collapse(said[lane], [token.text for token in voices[lane]], text, aside)
        row.append(DosedText(number, dose, tuple(said[lane]), aside, echo, collapse))
    return row


def _generate_tokens(
    model: Model, prompt: Ids, mixers: Sequence[Mixer], max_new: int
) -> Steps[list[list[Token]]]:
    """Tokens of every lane, its end token included; all lanes sample with the same random numbers."""
    lanes = mixer_lanes(mixers)
    live = stream(
        model, prompt, mixer=mixers[0], lanes=lanes, max_new_tokens=max_new, temperature=TEMPERATURE
    )
    said: list[list[Token]] = [[] for _ in mixers]
    while (step := (yield gpu_task(lambda: next(live, None)))) is not None:
        said[0].append(step)
        # The step itself is lane 0; the others follow in the order of their mixers.
        for lane, voice in enumerate(step.lane_tokens[: len(mixers) - 1], start=1):
            if not voice.finished:
                said[lane].append(voice)
    return said


def find_text_collapse(
    ids: Sequence[int], texts: Sequence[str], prompt: str | None, scored: TextScore
) -> Collapse | None:
    """The first sign of collapse in a generated text; `prompt` is None for a model without a tokenizer."""
    given = None if prompt is None else [prompt]
    return find_collapse(AnswerEvidence(ids, texts, given, scored.entropies, scored.unsteered_entropies))


def _mean_states(
    model: Model, prompt: Ids, said: Sequence[Ids], lanes: Sequence[Lane]
) -> dict[int, NDArray[np.float32]]:
    """Mean states of each lane's generated tokens in the unsteered model."""
    band = sorted({layer for tool, _ in lanes for layer in tool.band})
    texts = [[*prompt, *words] for words in said]
    rows = capture(model, texts, layers=band, read=[slice(len(prompt), None)] * len(texts)).rows
    return {layer: states.numpy() for layer, states in rows.items()}


def suggest_dose(tool: DosedVector, window: tuple[float, float]) -> dict[str, JsonValue]:
    """Half of the largest positive dose the text survives: a visible effect with a margin on both sides."""
    # At least a quarter of a dose, even where no dose left the text intact.
    scale = max(window[1], 0.5) / 2 * tool.dose_size
    return {"layers": list(tool.band), "unit": tool.unit, "scale": scale, "split": True}
