"""Held-out evaluation of a chosen dose.

The best of many doses is partly the luckiest. So every second prompt is used to choose, and the others
to report the effect, as AxBench (Wu et al. 2025) does with the factor of each concept. If no dose has
an effect, the reported mean is 0 in expectation, and well above it on the prompts used to choose.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sessions.experiments.common import statistics
from sessions.experiments.scoring.measures import Value, mean_value

Key = TypeVar("Key", bound=Hashable)
CHOOSING, REPORTING = slice(0, None, 2), slice(1, None, 2)


@dataclass(frozen=True)
class DoseChoice(Generic[Key]):
    """`key` was chosen; `difference` is its difference to no steering on the prompts not used to choose."""

    key: Key
    difference: statistics.Difference

    def to_json(self) -> dict[str, Any]:
        return self.difference.columns() | {"n": self.difference.estimate.n}


@dataclass(frozen=True)
class ChoiceRule:
    """The highest (or lowest) value of the measure among doses with at least `floor` coherence."""

    floor: float
    goal: str = "more"

    @property
    def sign(self) -> float:
        return -1.0 if self.goal == "less" else 1.0

    def best(self, values: Mapping[Key, Value], coherences: Mapping[Key, Value]) -> Key | None:
        """The first of the best; None if no dose is coherent enough."""
        known = {
            key: self.sign * value
            for key, value in values.items()
            if value is not None and (coherence := coherences[key]) is not None and coherence >= self.floor
        }
        # `max` keeps the first of equal values, so callers list the smaller dose first.
        return max(known, key=lambda key: known[key]) if known else None


def choose_held_out(
    values: Mapping[Key, Sequence[Value]],
    coherences: Mapping[Key, Sequence[Value]],
    reference: Sequence[Value],
    rule: ChoiceRule,
    seed: int = 0,
) -> DoseChoice[Key] | None:
    """Choose on the 1st, 3rd, … prompt and report on the 2nd, 4th, …; None if no dose qualifies."""
    # The reporting prompts play no part in the choice.
    key = rule.best(
        *({each: known_mean(row[CHOOSING]) for each, row in rows.items()} for rows in (values, coherences))
    )
    if key is None:
        return None
    return DoseChoice(key, statistics.paired_difference(values[key][REPORTING], reference[REPORTING], seed))


def known_mean(values: Sequence[Value]) -> Value:
    """The mean of the values that are not None."""
    return mean_value([value for value in values if value is not None])
