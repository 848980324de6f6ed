"""The cost estimate of an experiment, reported before it starts."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from core.jobs.job import Row


@dataclass(frozen=True)
class RunCost:
    """Upper bounds: answers may end early, and judgements may be cached.

    `passes` counts forward passes (a batch of lanes is one), `tokens` those of all lanes together;
    `judge_dollars` is None if the judge's price is unknown.
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
        """Cost of `batches` of `lanes` answers each, every answer read again `rereads` times to be
        measured.
        """
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
