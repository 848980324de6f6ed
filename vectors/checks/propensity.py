"""The gradients of a check as steps of a job: of the propensity, and of texts that the model samples itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.activations.capture import capture_steps, empty_rows, store_in
from core.jobs.job import Steps
from vectors.checks.answers.batch_answers import sample_answers
from vectors.checks.answers.judged_pairs import JudgedPair
from vectors.checks.class_states import ClassStates
from vectors.checks.gradients.gradient import RowGradients, pair_gradients, row_gradients
from vectors.checks.gradients.nulls import (
    FEWEST_PAIRS,
    NullClass,
    covariance_nulls,
    random_nulls,
    shuffled_nulls,
)
from vectors.checks.gradients.scored_rows import ScoredRow
from vectors.checks.gradients.slopes import PropensityGradient, SampledScores

if TYPE_CHECKING:
    from core.model.model import Model

Floats = NDArray[np.float32]
TEXT_TOKENS = 32
"""Tokens of the texts on which KL is measured."""


def propensity_gradient(
    model: Model, pairs: Sequence[JudgedPair]
) -> Steps[tuple[PropensityGradient, RowGradients]]:
    """The gradient of m by every pair, and what was read in the same pass."""
    rows = [(number, row, weight) for number, pair in enumerate(pairs) for row, weight in pair.rows()]
    found = yield from row_gradients(model, [row for _, row, _ in rows], label="replies differentiated")
    owners = [(number, weight) for number, _, weight in rows]
    margins = [0.0] * len(pairs)
    for (number, weight), logprob in zip(owners, found.logprobs, strict=True):
        margins[number] += weight * float(logprob)
    return PropensityGradient(pair_gradients(found, owners, len(pairs)), tuple(margins)), found


def sample_texts(model: Model, prompts: Sequence[Sequence[int]], seed: int) -> Steps[list[ScoredRow]]:
    """Two texts to each prompt at temperature 1, the first ones first."""
    asked = [tuple(prompt) for prompt in (*prompts, *prompts)]
    said = yield from sample_answers(
        model, asked, max_new=TEXT_TOKENS, temperature=1.0, seed=seed, label="texts sampled"
    )
    return [
        ScoredRow((*prompt, *answer.thought), answer.tokens)
        for prompt, answer in zip(asked, said[0], strict=True)
        if answer.tokens
    ]


def sampled_scores(model: Model, rows: Sequence[ScoredRow]) -> Steps[SampledScores]:
    found = yield from row_gradients(model, rows, summed=True, label="samples differentiated")
    return SampledScores(np.moveaxis(found.total, 0, -1), sum(len(row.reply) for row in rows))


def null_classes(states: ClassStates | None, units: Mapping[int, Floats], seed: int) -> list[NullClass]:
    """The three classes; without a set's texts only random directions."""
    width = len(next(iter(units.values())))
    nulls = [random_nulls(width, seed)]
    if states is not None:
        differences = states.differences()
        nulls.append(covariance_nulls(states.texts(), units, seed))
        if len(next(iter(differences.values()))) >= FEWEST_PAIRS:
            nulls.append(shuffled_nulls(differences, units, seed))
    return nulls


def own_reply_states(model: Model, pairs: Sequence[JudgedPair], layer: int) -> Steps[tuple[Floats, Floats]]:
    """[pairs, d] mean states at one layer of the replies, after the contexts that they were made in."""
    rows = []
    for pair in pairs:
        contexts = pair.own or (pair.contexts[0], pair.contexts[-1])
        rows += [ScoredRow(contexts[0], pair.positive), ScoredRow(contexts[1], pair.negative)]
    found = empty_rows(model, [layer], len(rows))
    ids = [list(row.ids) for row in rows]
    spans = [(len(row.context), len(row.ids)) for row in rows]
    yield from capture_steps(model, ids, store_in(found), layers=[layer], read=spans, label="replies read")
    return found[layer][0::2].numpy(), found[layer][1::2].numpy()


def reply_states(pairs: Sequence[JudgedPair], means: Floats) -> tuple[Floats, Floats]:
    """[pairs, …, d] mean states of the positive and the negative replies, averaged over their contexts."""
    weights = [(number, weight) for number, pair in enumerate(pairs) for _, weight in pair.rows()]
    sides = np.zeros((2, len(pairs), *means.shape[1:]), np.float32)
    for row, (number, weight) in enumerate(weights):
        sides[0 if weight > 0 else 1, number] += abs(weight) * means[row]
    return sides[0], sides[1]
