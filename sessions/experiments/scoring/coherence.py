"""Is a text still whole? Judged by the unsteered model against what was said without steering.

A broken text looks fine to the model that was broken, and it need not look like noise: fluent filler about something
else is the usual form. So an answer is broken when the unsteered model finds it much less likely than the unsteered
answer to the same prompt, when it repeats itself, or when there is none.
"""

from __future__ import annotations

from collections.abc import Sequence

from sessions.experiments.scoring.answers import Answer
from sessions.experiments.scoring.measures import mean
from vectors.statistics.metrics import repetition


def broken(answer: Answer, unsteered: Answer) -> bool:
    from vectors.checks.doses import COLLAPSE_NATS, COLLAPSE_REPEATS

    if not answer.text.strip():
        return bool(unsteered.text.strip())
    nll, before = mean(answer.reading.nll), mean(unsteered.reading.nll)
    worse = nll is not None and before is not None and nll - before > COLLAPSE_NATS
    return worse or repetition(answer.said.ids) > repetition(unsteered.said.ids) + COLLAPSE_REPEATS


def whole(answers: Sequence[Answer], unsteered: Sequence[Answer]) -> list[float]:
    """1 for every answer that is whole, 0 for a broken one."""
    return [float(not broken(one, before)) for one, before in zip(answers, unsteered, strict=True)]
