"""What random directions of a vector's size do to the same prompts: each of them, and all together.

One random direction is one draw and may happen to do something. With several, the mean over them, prompt by prompt, is
held against no steering, and how far apart they lie says what a single one is worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sessions.experiments.common import statistics
from sessions.experiments.scoring.conditions import RANDOM
from sessions.experiments.scoring.measures import Value, mean_value

WHAT = "a random direction of the same norms and gaps"


def random_conditions(names: Iterable[str]) -> list[str]:
    """The conditions that are random directions."""
    return [name for name in names if name.startswith(RANDOM)]


def pool_random(values: Mapping[str, Sequence[Value]]) -> list[Value]:
    """Per prompt the mean over the random directions that gave a value."""
    rows = [values[name] for name in random_conditions(values)]
    return [
        mean_value([value for value in column if value is not None]) for column in zip(*rows, strict=True)
    ]


def random_control(values: Mapping[str, Sequence[Value]], reference: str, seed: int) -> dict[str, Any]:
    """All random directions together against the reference, and each by itself where there are several."""
    names = random_conditions(values)
    apart = {name: statistics.paired_difference(values[name], values[reference], seed) for name in names}
    if len(names) == 1:
        return {"what": WHAT, **apart[names[0]].columns()}
    together = statistics.paired_difference(pool_random(values), values[reference], seed)
    each = {name: one.estimate.value for name, one in apart.items()}
    return {"what": f"the mean of {len(names)} random directions", **together.columns(), "each": each}
