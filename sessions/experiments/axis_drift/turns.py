"""Result tables of axis drift: where each answer lies on the axis, turn by turn, and what a cap changes.

Two positions per turn, both in mean residual norms and averaged over the band: the hidden state at the
last prompt token (where most vectors are extracted), and the mean over the answer's tokens. Each has
its own alert line: the 25th percentile of the uncapped first turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.jobs.job import JobEvent, Point, Row
from sessions.experiments.common import statistics
from sessions.experiments.scoring.answers import SampledAnswer
from sessions.experiments.scoring.measures import MEASURES, Measure, Value, mean_value

UNCAPPED, CAPPED = "uncapped", "capped"
RANDOM, MATCHED = "random, same floor", "random, matched floor"
BEGINS, WORDS = "at its start", "its words"
ALERT = 25


@dataclass(frozen=True)
class DriftTurn:
    """An answer, and the projections by layer of the state it started from."""

    answer: SampledAnswer
    start_projections: Mapping[int, float]


@dataclass(frozen=True)
class DriftTable:
    """`conversations[condition][conversation][turn]`; conversations are the units of resampling and
    pairing.
    """

    conversations: Mapping[str, Sequence[Sequence[DriftTurn]]]
    layers: Sequence[int]
    residual: Mapping[int, float]
    watched: Measure | None
    seed: int

    def events(self) -> Iterator[JobEvent]:
        for name, conversations in self.conversations.items():
            for index in range(max(map(len, conversations))):
                # Conversations may differ in length: later turns have fewer.
                answered = [one[index] for one in conversations if index < len(one)]
                columns: dict[str, Any] = {"turn": index + 1, "condition": name, "n": len(answered)}
                for reading in (BEGINS, WORDS):
                    values = [self.position(turn, reading) for turn in answered]
                    found = statistics.estimate_mean(values, self.seed)
                    columns |= found.columns(reading) | self._alerts(values, reading)
                    if found.value is not None:
                        yield Point(f"{reading}, {name}", index + 1, found.value, found.lo, found.hi)
                columns |= self._cost(answered)
                if self.watched:
                    answers = [turn.answer for turn in answered]
                    seen = self.watched.estimate(answers, self.seed)
                    columns |= seen.columns(self.watched.name)
                    if seen.value is not None:
                        yield Point(f"{self.watched.name}, {name}", index + 1, seen.value, seen.lo, seen.hi)
                yield Row("turns", f"{name} · {index + 1}", columns)

    def _cost(self, answered: Sequence[DriftTurn]) -> dict[str, Any]:
        """Effect of the cap on the text: KL(capped ‖ uncapped) per token, and −log p under the unsteered
        model.
        """
        answers = [turn.answer for turn in answered]
        return {name: MEASURES[name].estimate(answers, self.seed).value for name in ("kl", "nll")}

    def position(self, turn: DriftTurn, reading: str) -> Value:
        """Position of one turn on the axis."""
        if reading == BEGINS:
            # Residual norms grow with depth, so each layer is divided by its own before averaging.
            return mean_value([turn.start_projections[layer] / self.residual[layer] for layer in self.layers])
        rows = turn.answer.reading.projections
        found = [(mean_value(rows[layer]), self.residual[layer]) for layer in self.layers if layer in rows]
        return mean_value([value / norm for value, norm in found if value is not None])

    def alert_line(self, reading: str) -> float | None:
        firsts = [self.position(one[0], reading) for one in self.conversations[UNCAPPED]]
        known = [value for value in firsts if value is not None]
        return float(np.percentile(known, ALERT)) if known else None

    def _alerts(self, values: Sequence[Value], reading: str) -> dict[str, Any]:
        line, known = self.alert_line(reading), [value for value in values if value is not None]
        below = sum(value < line for value in known) if line is not None else 0
        return statistics.estimate_share(below, len(known)).columns(f"{reading}: alert")

    def drift(self, name: str) -> dict[str, Any]:
        """Second half of the turns minus the first turn, for both positions, and the watched measure over
        the second half, each against the uncapped conversations.
        """
        found = {reading: self._against_uncapped(reading, name) for reading in (BEGINS, WORDS)}
        if self.watched:
            found[f"{self.watched.name}, second half"] = self._against_uncapped(None, name)
        return found

    def _against_uncapped(self, reading: str | None, name: str) -> dict[str, Any]:
        values, others = self._drift_values(reading, name), self._drift_values(reading, UNCAPPED)
        shares = reading is None and self.watched is not None and self.watched.share
        found = statistics.estimate_mean(values, self.seed, shares=shares)
        if name == UNCAPPED:
            return found.to_json()
        # Paired by conversation, the unit of resampling.
        difference = statistics.paired_difference(values, others, self.seed)
        comparison = {"against_uncapped": difference.estimate.to_json(), "p": difference.p}
        if name == CAPPED:
            # The cap has to beat both controls, not only no cap.
            for other in (RANDOM, MATCHED):
                others = self._drift_values(reading, other)
                comparison[f"p against {other}"] = statistics.paired_difference(values, others, self.seed).p
        return found.to_json() | comparison

    def _drift_values(self, reading: str | None, name: str) -> list[Value]:
        return [self._drift_value(reading, one) for one in self.conversations[name]]

    def _drift_value(self, reading: str | None, conversation: Sequence[DriftTurn]) -> Value:
        """One number per conversation: its drift, or its watched measure over the second half."""
        later = conversation[len(conversation) // 2 :]
        if reading is None:
            values = self.watched.all([turn.answer for turn in later]) if self.watched else []
            return mean_value([value for value in values if value is not None])
        first = self.position(conversation[0], reading)
        after = mean_value([value for turn in later if (value := self.position(turn, reading)) is not None])
        return None if first is None or after is None else after - first

    def summary(self) -> dict[str, Any]:
        """`holds` lists what the cap changes significantly after Holm's correction."""
        capped = self.drift(CAPPED)
        p_holm = statistics.holm_adjusted({name: found["p"] for name, found in capped.items()})
        return {
            "lines": {reading: self.alert_line(reading) for reading in (BEGINS, WORDS)},
            "uncapped": self.drift(UNCAPPED),
            "capped": capped,
            "kl in the first turn": {name: self._first_kl(name) for name in (CAPPED, RANDOM, MATCHED)},
            "holds": [name for name, p in p_holm.items() if p is not None and p < 0.05],
        }

    def _first_kl(self, name: str) -> Value:
        """KL of the first turn: the cost of a cap where nothing has drifted yet."""
        return MEASURES["kl"].estimate([one[0].answer for one in self.conversations[name]]).value
