"""The dose–response of a vector compared with random vectors, and the doses at which texts collapse.

Two measures, each with its controls. Echo: the projection on the vector of texts generated under a dose,
read by the unsteered model; it needs no labels. Propensity: how much likelier a contrast set's positive
texts get than its negative ones; it needs no sampling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from core import stream
from core.jobs.job import Progress, Steps, gpu_task
from core.mixer.mixer import Mixer
from vectors.checks import doses as dosing
from vectors.checks import likelihood
from vectors.checks.doses import DosedText, DosedVector, Ids
from vectors.checks.likelihood import ClassContinuations
from vectors.checks.verdict import Effect
from vectors.statistics import metrics

if TYPE_CHECKING:
    from core.model.model import Model

DOSES = (-2.0, -1.0, 0.0, 1.0, 2.0)
ACTIVE = (-2.0, -1.0, 1.0, 2.0)
NEAR = (-1.0, 1.0)
FAR = (4.0, 8.0, 16.0)
CONTROLS = 8
EDGE_PROMPTS = 4
CONTINUED = 12

Texts = Mapping[
    tuple[int, float], Sequence[DosedText]
]  # (0 = the vector, 1 … = controls, dose) → one per prompt


@dataclass(frozen=True)
class Propensities:
    """The propensity m at each dose, one number per pair; for the controls only the mean slope."""

    by_dose: Mapping[float, Sequence[float]]
    controls: tuple[float, ...]

    def effect(self, seed: int) -> Effect:
        below, above = (np.asarray(self.by_dose[dose]) for dose in NEAR)
        return Effect.from_slopes("propensity", ((above - below) / 2).tolist(), self.controls, seed)


def random_controls(tool: DosedVector, seed: int) -> list[DosedVector]:
    return [tool.random_control(1000 * seed + number) for number in range(1, CONTROLS + 1)]


def generate_dosed_texts(
    model: Model, tools: Sequence[DosedVector], prompts: Sequence[Ids], max_new: int
) -> Steps[Texts]:
    """Generate all doses of the vector and of the controls, prompt by prompt; returns `Texts`."""
    # The controls need no dose 0: without a dose they are the same model as the vector.
    keys = [(0, dose) for dose in DOSES] + [(n, dose) for n in range(1, len(tools)) for dose in ACTIVE]
    texts: dict[tuple[int, float], list[DosedText]] = {key: [] for key in keys}
    for number, prompt in enumerate(prompts):
        row = yield from dosing.generate_lanes(
            model, prompt, [(tools[n], dose) for n, dose in keys], max_new, number
        )
        for key, spoken in zip(keys, row, strict=True):
            texts[key].append(spoken)
        yield Progress(number + 1, len(prompts), "prompts generated")
    return texts


def echo_effect(texts: Texts, seed: int) -> Effect:
    """Slope of the echo over the doses, per prompt; the slopes of the controls are the null."""
    slopes = _echo_slopes(texts, 0)
    null = [float(np.mean(_echo_slopes(texts, number))) for number in sorted({n for n, _ in texts} - {0})]
    return Effect.from_slopes("echo", slopes, null, seed)


def _echo_slopes(texts: Texts, number: int) -> list[float]:
    # The doses are symmetric about 0, where a text adds nothing to a least-squares slope.
    columns = zip(*(texts[number, dose] for dose in ACTIVE), strict=True)
    return [metrics.least_squares_slope(ACTIVE, [spoken.echo for spoken in column]) for column in columns]


def find_continuations(model: Model, pairs: Sequence[tuple[Ids, Ids]]) -> Steps[list[ClassContinuations]]:
    """Continuations of either class per pair.

    Pairs that share a long prefix (two answers to one question) are used as written; other pairs are
    contexts, which the model continues. Generated continuations are scored after both contexts, so that
    the vector has to do what the other context did.
    """
    found = []
    for positive, negative in pairs:
        shared = likelihood.shared_prefix_length(positive, negative)
        # Each side needs words of its own, and at least half of the shorter side is the prefix.
        if 0 < shared < min(len(positive), len(negative)) <= 2 * shared:
            found.append(ClassContinuations((positive[:shared],), positive[shared:], negative[shared:]))
            continue
        said: list[Ids] = []
        for context in (positive, negative):
            live = stream(model, context, max_new_tokens=CONTINUED)
            said.append([])
            # One token per task, so that queued chat work waits for no more than that.
            while (step := (yield gpu_task(partial(next, live, None)))) is not None:
                said[-1].append(step.token_id)
        # Equal continuations would differ by 0 at every dose and only dilute the mean.
        if said[0] != said[1]:
            found.append(ClassContinuations((positive, negative), *said))
    return found


def measure_propensities(
    model: Model, tools: Sequence[DosedVector], pairs: Sequence[tuple[Ids, Ids]]
) -> Steps[Propensities | None]:
    """Propensity at each dose, teacher-forced without sampling; None if no pair has continuations."""
    words = yield from find_continuations(model, pairs)
    if not words:
        return None
    by_dose, null = {}, []
    for dose in DOSES:
        by_dose[dose] = yield from _propensity_per_pair(model, tools[0].mixer(dose), words)
        yield Progress(len(by_dose), len(DOSES), "doses on pairs")
    for tool in tools[1:]:
        # Two doses suffice for a control: only its slope enters the null.
        below = yield from _propensity_per_pair(model, tool.mixer(NEAR[0]), words)
        above = yield from _propensity_per_pair(model, tool.mixer(NEAR[1]), words)
        null.append((float(np.mean(above)) - float(np.mean(below))) / 2)
    return Propensities(by_dose, tuple(null))


def _propensity_per_pair(
    model: Model, mixer: Mixer, words: Sequence[ClassContinuations]
) -> Steps[list[float]]:
    values = []
    for one in words:
        values.append((yield gpu_task(partial(one.propensity, model, mixer))))
    return values


def find_dose_window(
    model: Model, tool: DosedVector, prompts: Sequence[Ids], texts: Texts, max_new: int
) -> Steps[tuple[float, float]]:
    """The doses between which fewer than half of the texts collapse, each edge to a quarter of its octave.

    Doses are doubled first, then three doses inside the last octave are tried, in parallel lanes.
    """
    few, undosed = prompts[:EDGE_PROMPTS], texts[0, 0.0]
    edges = []
    for sign in (-1.0, 1.0):
        good = [dose for dose in (1.0, 2.0) if _mostly_intact(texts[0, sign * dose], undosed)]
        safe, broken = (good[-1] if good else 0.0), next((d for d in (1.0, 2.0) if d not in good), None)
        # The first doses are already generated; larger ones are tried only if none of those broke.
        if broken is None:
            safe, broken = yield from _largest_safe_dose(model, tool, few, undosed, sign, safe, FAR, max_new)
        if broken is not None:
            inside = tuple(safe + (broken - safe) * part for part in (0.25, 0.5, 0.75))
            safe, _ = yield from _largest_safe_dose(model, tool, few, undosed, sign, safe, inside, max_new)
        edges.append(sign * safe)
        yield Progress(len(edges), 2, "edges found")
    return edges[0], edges[1]


def _largest_safe_dose(
    model: Model,
    tool: DosedVector,
    prompts: Sequence[Ids],
    undosed: Sequence[DosedText],
    sign: float,
    safe: float,
    doses: Sequence[float],
    max_new: int,
) -> Steps[tuple[float, float | None]]:
    """(largest dose before the first that breaks the text, that breaking dose or None)."""
    rows: list[list[DosedText]] = []
    for prompt in prompts:
        rows.append(
            (
                yield from dosing.generate_lanes(
                    model, prompt, [(tool, sign * dose) for dose in doses], max_new
                )
            )
        )
    for dose, column in zip(doses, zip(*rows, strict=True), strict=True):
        # The window ends at the first failure, whatever larger doses do.
        if not _mostly_intact(column, undosed):
            return safe, dose
        safe = dose
    return safe, None


def _mostly_intact(spoken: Sequence[DosedText], undosed: Sequence[DosedText]) -> bool:
    # `undosed` covers all prompts, `spoken` perhaps only the first few.
    broken = sum(text.has_collapsed(before) for text, before in zip(spoken, undosed, strict=False))
    return broken * 2 < len(spoken)


def dose_curve(texts: Texts, numbers: Sequence[int]) -> list[dict[str, float]]:
    """Means per dose over the prompts, of the vector (number 0) or of several controls together."""
    undosed = texts[0, 0.0]
    doses = [dose for dose in DOSES if (numbers[0], dose) in texts]
    return [_dose_means(dose, [text for n in numbers for text in texts[n, dose]], undosed) for dose in doses]


def _dose_means(dose: float, spoken: Sequence[DosedText], undosed: Sequence[DosedText]) -> dict[str, float]:
    nll = float(np.mean([text.text_score.nll for text in spoken]))
    broken = [text.has_collapsed(undosed[text.prompt]) for text in spoken]
    return {
        "dose": dose,
        "echo": float(np.mean([text.echo for text in spoken])),
        "kl": float(np.mean([text.text_score.kl for text in spoken])),
        "nll": nll,
        # exp overflows beyond about 709.
        "perplexity": float(np.exp(min(nll, 700.0))),
        "repetition": float(np.mean([text.repetition for text in spoken])),
        "collapsed": float(np.mean(broken)),
    }


def sample_texts(texts: Texts, prompts: int) -> list[tuple[float, DosedText]]:
    """(dose, text) of the first prompts, to be read by people."""
    return [(dose, texts[0, dose][number]) for number in range(prompts) for dose in DOSES]
