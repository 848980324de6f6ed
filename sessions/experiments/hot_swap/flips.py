"""Result tables of a hot swap: both halves of every text, the cost of the flip, and the outcome's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from core.jobs.job import JobEvent, JobSample, Point, Row
from core.json_values import JsonValue
from sessions.experiments.common import statistics
from sessions.experiments.hot_swap import swapping
from sessions.experiments.hot_swap.swapping import FlipEffect
from sessions.experiments.scoring import chance
from sessions.experiments.scoring.answers import SampledAnswer
from sessions.experiments.scoring.conditions import UNSTEERED
from sessions.experiments.scoring.measures import MEASURES, Measure, Value, mean_value

FLIP, STAY, TO_ZERO = "+s to −s", "+s, no flip", "+s to 0"
THROUGHOUT = "−s throughout"
FLIPPED = ", flipped"
"""Suffix of the name of a flipped random direction."""
TESTED = ((FLIP, STAY), (FLIP, THROUGHOUT), (TO_ZERO, STAY))
OTHER_MEASURES = ("distinct-1", "distinct-2", "distinct-3", "repetition")
USUAL = 95  # percentile of unflipped spikes that a jolt has to exceed


@dataclass(frozen=True)
class FlipTable:
    """`table` holds the answers of every condition in prompt order; `scales` are mean residual norms by
    layer.
    """

    table: Mapping[str, Sequence[SampledAnswer]]
    at: int
    window: int
    wanted: Measure
    seed: int
    scales: Mapping[int, float]

    @cached_property
    def neutral(self) -> float:
        """Mean projection of unsteered texts on the vector."""
        return (
            mean_value([value for answer in self.table[UNSTEERED] for value in self._projected(answer)])
            or 0.0
        )

    @cached_property
    def flips(self) -> Mapping[str, list[FlipEffect | None]]:
        return {
            name: [self._measure_flip(answer) for answer in answers] for name, answers in self.table.items()
        }

    @cached_property
    def after(self) -> Mapping[str, list[Value]]:
        return {
            name: [self._measure_part(answer, self.at, None) for answer in answers]
            for name, answers in self.table.items()
        }

    @cached_property
    def unflipped_spike(self) -> float:
        # Unlikely tokens occur without a flip too; only larger ones are put down to it.
        known = [flip.spike for flip in self.flips[STAY] if flip is not None]
        return float(np.percentile(known, USUAL)) if known else float("inf")

    def events(self) -> Iterator[JobEvent]:
        for name in self.table:
            yield Row("swap", name, {"condition": name, **self._columns(name)})
        for name in self.table:
            yield Row("outcomes", name, {"condition": name, **self._outcomes(name)})
        yield from self._tests()
        for name, answers in self.table.items():
            yield from self._traces(name)
            yield from self._answers(name, answers)

    def _columns(self, name: str) -> dict[str, Any]:
        answers, flips = self.table[name], [flip for flip in self.flips[name] if flip is not None]
        before = [self._measure_part(answer, 0, self.at) for answer in answers]
        columns: dict[str, Any] = {"n": len(flips), "ended early": len(answers) - len(flips)}
        columns |= self._estimate(before).columns("before") | self._estimate(self.after[name]).columns(
            "after"
        )
        columns |= self._estimate([flip.jump for flip in flips]).columns("jump")
        columns |= self._estimate([flip.spike for flip in flips]).columns("spike")
        settled = self._estimate([None if flip.settled is None else float(flip.settled) for flip in flips])
        columns |= settled.columns("settled") | {"n settled": settled.n}
        for half, ends in (("kl before", (0, self.at)), ("kl after", (self.at, None))):
            columns[half] = self._estimate(
                [mean_value(cut_answer(one, *ends).reading.kl) for one in answers]
            ).value
        for other in OTHER_MEASURES:
            columns[other] = self._estimate(
                [MEASURES[other].of(cut_answer(one, self.at)) for one in answers]
            ).value
        return columns

    def _outcomes(self, name: str) -> dict[str, Any]:
        named = [
            swapping.name_outcome(flip, self.unflipped_spike) for flip in self.flips[name] if flip is not None
        ]
        counts, columns = Counter(named), {"n": len(named)}
        for one in swapping.NAMES:
            columns |= statistics.estimate_share(counts[one], len(named)).columns(one)
        return columns

    def _tests(self) -> Iterator[JobEvent]:
        """Tests paired by prompt: the measure after the flip, and the flip's cost; Holm's correction
        within each.
        """
        tested = (*TESTED, *((name, UNSTEERED) for name in chance.random_conditions(self.table)))
        for title, column in (
            ("after", self.after),
            ("jump", self._column("jump")),
            ("spike", self._column("spike")),
        ):
            tests = {
                pair: statistics.paired_difference(column[pair[0]], column[pair[1]], self.seed)
                for pair in tested
            }
            adjusted = statistics.holm_adjusted({pair: test.p for pair, test in tests.items()})
            for pair, test in tests.items():
                values: dict[str, JsonValue] = {
                    "measure": title,
                    "condition": pair[0],
                    "against": pair[1],
                    "n": test.estimate.n,
                }
                values |= test.columns() | {"p_holm": adjusted[pair]}
                yield Row("differences", f"{title}: {pair[0]} against {pair[1]}", values)

    def _traces(self, name: str) -> Iterator[Point]:
        """−log p and stance per token around the flip, as long as at least half of the texts continue."""
        answers = self.table[name]
        rows: dict[str, list[Sequence[float]]] = {
            "nll": [answer.reading.nll for answer in answers],
            "stance": [self._stance(answer) for answer in answers],
        }
        for title, column in rows.items():
            for place in range(max((len(row) for row in column), default=0)):
                seen = self._estimate([row[place] for row in column if place < len(row)])
                if seen.value is not None and 2 * seen.n >= len(column):
                    yield Point(f"{title}, {name}", place - self.at, seen.value, seen.lo, seen.hi)

    def _answers(self, name: str, answers: Sequence[SampledAnswer]) -> Iterator[JobEvent]:
        for place, (answer, flip) in enumerate(zip(answers, self.flips[name], strict=True)):
            outcome = "ended early" if flip is None else swapping.name_outcome(flip, self.unflipped_spike)
            head, tail = cut_answer(answer, 0, self.at).text, cut_answer(answer, self.at).text
            yield JobSample(name, answer.prompt.id, f"{head} ⟦flip⟧ {tail}", (outcome,))
            values = {"condition": name, "prompt": answer.prompt.id, "outcome": outcome}
            found = {} if flip is None else {"jump": flip.jump, "spike": flip.spike, "settled": flip.settled}
            yield Row(
                "answers",
                f"{name} · {answer.prompt.id}",
                {**values, "after": self.after[name][place], **found},
            )

    def summary(self) -> dict[str, Any]:
        """Whether the flip changed the text after it and nothing before, the outcome shares and their
        interpretation.
        """
        difference = statistics.paired_difference(self.after[FLIP], self.after[STAY], self.seed)
        shares = {key: value for key, value in self._outcomes(FLIP).items() if key in swapping.NAMES}
        most = max(shares, key=lambda name: shares[name] or 0.0)
        return {
            "measure": self.wanted.name,
            **self._changed_shares(),
            "after_flip": difference.estimate.to_json(),
            "p": difference.p,
            "outcomes": shares,
            "most": most,
            "reading": swapping.READ_AS[most],
        }

    def _changed_shares(self) -> dict[str, float | None]:
        """Shares of prompts with the same tokens before the flip, and with different tokens after it."""
        pairs = list(zip(self.table[FLIP], self.table[STAY], strict=True))
        # A check of the method: before the flip both texts must be equal.
        same = [float(one.generated.ids[: self.at] == other.generated.ids[: self.at]) for one, other in pairs]
        came = [
            (one, other)
            for one, other in pairs
            if min(len(one.generated.ids), len(other.generated.ids)) > self.at
        ]
        changed = [
            float(one.generated.ids[self.at :] != other.generated.ids[self.at :]) for one, other in came
        ]
        return {"same_before": mean_value(same), "changed_after": mean_value(changed)}

    def control(self) -> dict[str, Any]:
        """Random vectors flipped at the same token, against no steering."""
        found = chance.random_control(self.after, UNSTEERED, self.seed)
        return found | {"what": f"{found['what']}, flipped at the same token"}

    def _measure_flip(self, answer: SampledAnswer) -> FlipEffect | None:
        return swapping.measure_flip(answer.reading.nll, self._stance(answer), self.at, self.window)

    def _stance(self, answer: SampledAnswer) -> list[float]:
        return [value - self.neutral for value in self._projected(answer)]

    def _projected(self, answer: SampledAnswer) -> list[float]:
        """Per-token projection over the vector's band, in mean residual norms."""
        layers = {k: row for k, row in answer.reading.projections.items() if k in self.scales}
        # Residual norms grow with depth, so each layer is divided by its own before averaging.
        columns = zip(*([value / self.scales[k] for value in row] for k, row in layers.items()), strict=True)
        return [mean_value(column) or 0.0 for column in columns]

    def _measure_part(self, answer: SampledAnswer, start: int, end: int | None) -> Value:
        return self.wanted.of(cut_answer(answer, start, end))

    def _column(self, name: str) -> dict[str, list[Value]]:
        return {
            key: [None if flip is None else getattr(flip, name) for flip in row]
            for key, row in self.flips.items()
        }

    def _estimate(self, values: Sequence[Value]) -> statistics.Estimate:
        return statistics.estimate_mean(values, self.seed)


def cut_answer(answer: SampledAnswer, start: int, end: int | None = None) -> SampledAnswer:
    """Tokens `start` to `end` of an answer, with their measurements."""
    span, generated, reading = slice(start, end), answer.generated, answer.reading
    shorter = replace(
        generated,
        ids=generated.ids[span],
        text="".join(generated.pieces[span]),
        logprobs=generated.logprobs[span],
        inserted=(),
        pieces=generated.pieces[span],
    )
    projections = {layer: row[span] for layer, row in reading.projections.items()}
    names = ("nll", "kl", "entropy", "unsteered_entropy")
    read = replace(reading, projections=projections, **{name: getattr(reading, name)[span] for name in names})
    return replace(answer, generated=shorter, reading=read)
