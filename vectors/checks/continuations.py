"""Propensity of a steered model on pairs: how much likelier the words of one class are than those of the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from core import stream
from core.jobs.job import Steps, gpu_task
from core.mixer.mixer import Mixer
from vectors.checks.gradients.scored_rows import shared_prefix_length
from vectors.checks.likelihood import mean_logprob

if TYPE_CHECKING:
    from core.model.model import Model

Ids = list[int]
CONTINUED = 12


@dataclass(frozen=True)
class ClassContinuations:
    """Continuations of either class for the same contexts."""

    contexts: tuple[Sequence[int], ...]
    positive: Sequence[int]
    negative: Sequence[int]

    def propensity(self, model: Model, mixer: Mixer) -> float:
        """m = mean log p(positive words) − mean log p(negative words), averaged over the contexts."""
        apart = [
            mean_logprob(model, [*context, *self.positive], len(context), mixer)
            - mean_logprob(model, [*context, *self.negative], len(context), mixer)
            for context in self.contexts
        ]
        return sum(apart) / len(apart)


def find_continuations(model: Model, pairs: Sequence[tuple[Ids, Ids]]) -> Steps[list[ClassContinuations]]:
    """Continuations of either class per pair.

    Pairs that share a long prefix (two answers to one question) are used as written; other pairs are
    contexts, which the model continues. Generated continuations are scored after both contexts, so that
    the vector has to do what the other context did.
    """
    found = []
    for positive, negative in pairs:
        shared = shared_prefix_length(positive, negative)
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
