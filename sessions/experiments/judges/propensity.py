"""Judges an answer by how the unsteered model would continue it: with words of one class or of the other.

m = mean log p(positive words) − mean log p(negative words) after prompt and answer, over pairs of
continuations. Nothing is sampled, so it is smoother than a word count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from core.errors import UsageError
from core.jobs.job import Progress, Steps, task_group
from sessions.experiments.common.sampler import ModelSampler
from sessions.experiments.judges.verdict import JudgedItem, Judgement, cache_digest

PAIRS = 4


@dataclass(frozen=True)
class PropensityJudge:
    """`pairs` are (positive, negative) continuations in plain text."""

    voice: ModelSampler
    pairs: tuple[tuple[str, str], ...]

    low = high = None
    name = "propensity"
    about = "log p(positive) − log p(negative words of a contrast set) as continuation, per token, unsteered"

    def judge(self, items: Sequence[JudgedItem]) -> Steps[list[Judgement]]:
        verdicts = []
        for item in items:
            texts = [text for pair in self.pairs for text in pair]
            key = f"propensity {cache_digest(self.voice.identity, str(item.prompt.messages), item.text, *texts)}"
            rows = yield from task_group(
                key, partial(self.voice.text_logprobs, item.prompt, texts, after=item.text)
            )
            means = [sum(row) / len(row) for row in rows]
            # Positive and negative continuations alternate.
            verdicts.append(Judgement(sum(means[::2]) / len(self.pairs) - sum(means[1::2]) / len(self.pairs)))
            yield Progress(len(verdicts), len(items), "answers scored")
        return verdicts


def continuation_pairs(contrast: str) -> tuple[tuple[str, str], ...]:
    """The first pairs of a contrast set that are plain texts, or the last assistant turns of its
    conversations.
    """
    import vectors

    pairs = vectors.contrast(contrast).validated().pairs
    texts = [(_last_text(pair.positive), _last_text(pair.negative)) for pair in pairs]
    # A leading space, because the words continue the answer.
    found = tuple((f" {one}", f" {other}") for one, other in texts if one and other and one != other)[:PAIRS]
    if not found:
        raise UsageError(f"{contrast} has no text pairs that could continue an answer")
    return found


def _last_text(side: object) -> str:
    """A text, or the last assistant turn."""
    if isinstance(side, str):
        return side.strip()
    last = side[-1] if isinstance(side, Sequence) and side else None
    return (
        str(last.get("content", "")).strip() if isinstance(last, dict) and last["role"] == "assistant" else ""
    )
