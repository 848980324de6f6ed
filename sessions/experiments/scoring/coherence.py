"""Is a text still whole? Judged by the unsteered model against what was said without steering.

A broken text looks fine to the model that was broken, and it need not look like noise: fluent filler about something
else is the usual form. So an answer is broken when the unsteered model finds it much less likely than the unsteered
answer to the same prompt, when it repeats itself, or when there is none.
"""

from __future__ import annotations

from collections.abc import Sequence

from sessions.experiments.scoring.answers import SampledAnswer
from sessions.experiments.scoring.measures import mean_value
from vectors.statistics.metrics import repeated_ngram_share


def is_broken(answer: SampledAnswer, unsteered: SampledAnswer) -> bool:
    from vectors.checks.doses import COLLAPSE_NATS, COLLAPSE_REPEATS

    if not answer.text.strip():
        return bool(unsteered.text.strip())
    nll, before = mean_value(answer.reading.nll), mean_value(unsteered.reading.nll)
    worse = nll is not None and before is not None and nll - before > COLLAPSE_NATS
    return (
        worse
        or repeated_ngram_share(answer.generated.ids)
        > repeated_ngram_share(unsteered.generated.ids) + COLLAPSE_REPEATS
    )


def whole_flags(answers: Sequence[SampledAnswer], unsteered: Sequence[SampledAnswer]) -> list[float]:
    """1 for every answer that is whole, 0 for a broken one."""
    return [float(not is_broken(one, before)) for one, before in zip(answers, unsteered, strict=True)]
