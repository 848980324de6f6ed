"""What the best of many doses is worth on prompts that did not choose it.

The best of many is partly the luckiest. So every second prompt chooses, and the others say what the choice does, as
AxBench (Wu et al. 2025) does with the factor of each concept: over doses that do nothing the mean of what was chosen
is 0 here, and well above it on the prompts that chose.
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
    """`key` was chosen; `apart` is what it does against no steering where it was not chosen."""

    key: Key
    difference: statistics.Difference

    def to_json(self) -> dict[str, Any]:
        return self.difference.columns() | {"n": self.difference.estimate.n}


@dataclass(frozen=True)
class ChoiceRule:
    """Most of the measure, or least of it, among what keeps at least so much coherence."""

    floor: float
    goal: str = "more"

    @property
    def sign(self) -> float:
        return -1.0 if self.goal == "less" else 1.0

    def best(self, values: Mapping[Key, Value], kept: Mapping[Key, Value]) -> Key | None:
        """The first of the best; None where nothing is coherent enough."""
        known = {
            key: self.sign * value
            for key, value in values.items()
            if value is not None and (coherence := kept[key]) is not None and coherence >= self.floor
        }
        return max(known, key=lambda key: known[key]) if known else None


def choose_held_out(
    values: Mapping[Key, Sequence[Value]],
    kept: Mapping[Key, Sequence[Value]],
    reference: Sequence[Value],
    rule: ChoiceRule,
    seed: int = 0,
) -> DoseChoice[Key] | None:
    """Chosen on the first, third, … prompt, told of the second, fourth, …; None where nothing may be chosen."""
    key = rule.best(
        *({each: known_mean(row[CHOOSING]) for each, row in rows.items()} for rows in (values, kept))
    )
    if key is None:
        return None
    return DoseChoice(key, statistics.paired_difference(values[key][REPORTING], reference[REPORTING], seed))


def known_mean(values: Sequence[Value]) -> Value:
    """The mean of what was measured."""
    return mean_value([value for value in values if value is not None])
