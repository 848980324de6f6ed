"""Random-direction controls: what random directions of the vector's norm do to the same prompts, each and
pooled.

A single random direction may happen to have an effect. With several, the mean over them per prompt is
compared with no steering, and their spread shows how far a single one can be trusted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sessions.experiments.common import statistics
from sessions.experiments.scoring.conditions import RANDOM
from sessions.experiments.scoring.measures import Value, mean_value

WHAT = "a random direction of the same norms and gaps"


def random_conditions(names: Iterable[str]) -> list[str]:
    """The names of the conditions that are random directions."""
    return [name for name in names if name.startswith(RANDOM)]


def pool_random(values: Mapping[str, Sequence[Value]]) -> list[Value]:
    """Per prompt, the mean over the random directions that have a value."""
    rows = [values[name] for name in random_conditions(values)]
    return [
        mean_value([value for value in column if value is not None]) for column in zip(*rows, strict=True)
    ]


def random_control(values: Mapping[str, Sequence[Value]], reference: str, seed: int) -> dict[str, Any]:
    """All random directions pooled against the reference, and each by itself if there are several."""
    names = random_conditions(values)
    apart = {name: statistics.paired_difference(values[name], values[reference], seed) for name in names}
    if len(names) == 1:
        return {"what": WHAT, **apart[names[0]].columns()}
    together = statistics.paired_difference(pool_random(values), values[reference], seed)
    each = {name: one.estimate.value for name, one in apart.items()}
    return {"what": f"the mean of {len(names)} random directions", **together.columns(), "each": each}
