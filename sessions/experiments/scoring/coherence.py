"""Detects broken texts, by comparing them under the unsteered model with the unsteered answers.

A broken text looks likely to the steered model that wrote it, and is often fluent filler rather than
noise. So an answer is broken if the unsteered model finds it much less likely than the unsteered answer
to the same prompt, if it shows a sign of collapse that the unsteered answer does not, or if it is empty.
"""

from __future__ import annotations

from collections.abc import Sequence

from sessions.experiments.scoring.answers import SampledAnswer
from sessions.experiments.scoring.measures import mean_value

COLLAPSE_NATS = 1.0
"""NLL per token above the unsteered answer's; on the demo model, word salad begins at about this."""


def is_broken(answer: SampledAnswer, unsteered: SampledAnswer) -> bool:
    if not answer.text.strip():
        # An empty answer is broken only where the model has something to say unsteered.
        return bool(unsteered.text.strip())
    # Relative to the unsteered answer: some prompts have unlikely answers anyway.
    nll, before = mean_value(answer.reading.nll), mean_value(unsteered.reading.nll)
    worse = nll is not None and before is not None and nll - before > COLLAPSE_NATS
    return worse or (answer.collapse is not None and unsteered.collapse is None)


def whole_flags(answers: Sequence[SampledAnswer], unsteered: Sequence[SampledAnswer]) -> list[float]:
    """1 for every answer that is not broken, else 0."""
    return [float(not is_broken(one, before)) for one, before in zip(answers, unsteered, strict=True)]
