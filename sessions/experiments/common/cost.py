"""What an experiment will take, told before it begins: nobody should learn from a bill what a sweep is."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from core.jobs.job import Row


@dataclass(frozen=True)
class RunCost:
    """Upper bounds: answers may end before their last token, and judges may have answered before.

    `passes` counts calls of a model (a batch of lanes is one), `tokens` what all lanes together may say;
    `judge_dollars` is None where a judge's price is not known.
    """

    answers: int = 0
    passes: int = 0
    tokens: int = 0
    judge_calls: int = 0
    judge_dollars: float | None = 0.0

    @classmethod
    def of_batches(
        cls, batches: int, lanes: int, max_new: int, *, rereads: int = 2, judge_calls: int = 0
    ) -> RunCost:
        """Batches of `lanes` answers each, every answer read again `rereads` times to be measured."""
        answers = batches * lanes
        return cls(answers, batches * (max_new + 1) + rereads * answers, answers * max_new, judge_calls)

    def __add__(self, other: RunCost) -> RunCost:
        return RunCost(
            self.answers + other.answers,
            self.passes + other.passes,
            self.tokens + other.tokens,
            self.judge_calls + other.judge_calls,
            _dollars(self.judge_dollars, other.judge_dollars),
        )

    def row(self) -> Row:
        return Row("cost", "at most", asdict(self))


def _dollars(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other
