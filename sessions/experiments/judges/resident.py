"""The loaded model as its own judge, unsteered, with the questions Claude would be asked.

Nothing is sampled: the score is the mean of the rubric's numbers weighted by their probabilities
(G-Eval, Liu et al. 2023). Small models are poor judges; differences between conditions count, not the
level.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from core.jobs.job import Progress, Steps, task_group
from sessions.experiments.common.sampler import ModelSampler, SamplePrompt
from sessions.experiments.judges.claude import format_prompt
from sessions.experiments.judges.rubric import Rubric
from sessions.experiments.judges.verdict import JudgedItem, Judgement, cache_digest

ANSWER_FORMAT = "Answer with one whole number from {} to {} and nothing else."


@dataclass(frozen=True)
class ResidentJudge:
    voice: ModelSampler
    rubric: Rubric

    @property
    def low(self) -> float:
        return float(self.rubric.low)

    @property
    def high(self) -> float:
        return float(self.rubric.high)

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(map(str, range(self.rubric.low, self.rubric.high + 1)))

    @property
    def name(self) -> str:
        return f"resident {self.rubric.name}"

    @property
    def about(self) -> str:
        return f"{self.rubric.question} {self.rubric.scale} Asked of {self.voice.name}, unsteered."

    def judge(self, items: Sequence[JudgedItem]) -> Steps[list[Judgement]]:
        verdicts = []
        for item in items:
            prompt = self.question(item)
            key = f"{self.name} {cache_digest(self.voice.identity, prompt.text)}"
            rows = yield from task_group(key, partial(self.voice.text_logprobs, prompt, self.numbers))
            verdicts.append(Judgement(expected_score([sum(row) for row in rows])))
            yield Progress(len(verdicts), len(items), f"{self.name} answers judged")
        return verdicts

    def question(self, item: JudgedItem) -> SamplePrompt:
        text = (
            f"Somebody was told:\n{format_prompt(item.prompt)}\n\nThis was the answer:\n{item.text}\n\n"
            f"{self.rubric.question} {self.rubric.scale} {ANSWER_FORMAT.format(self.rubric.low, self.rubric.high)}"
        )
        return SamplePrompt(item.prompt.id, ({"role": "user", "content": text},))


def expected_score(logprobs: Sequence[float]) -> float:
    """Σ n p(n) / Σ p(n). A "1" may continue to "10", so p(10) is subtracted from p(1)."""
    top = max(logprobs)
    # Relative to the largest, so that small probabilities do not underflow.
    shares = [math.exp(value - top) for value in logprobs]
    if len(shares) > 10:
        shares[1] = max(0.0, shares[1] - shares[10])
    return sum(number * share for number, share in enumerate(shares)) / sum(shares)
