"""Chart axes with round tick values and short tick labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LARGE, SMALL = 1e5, 1e-4
"""Beyond these a number is written with a power of ten."""
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class ChartAxis:
    """A range from `low` to `high` with ticks at round numbers."""

    low: float
    high: float
    ticks: tuple[float, ...]
    step: float

    @classmethod
    def over(cls, values: Sequence[float], count: int, *, whole: bool = False, pad: float = 0.0) -> ChartAxis:
        """An axis around `values` with about `count` ticks; `pad` is the share of the range left free at
        each end.
        """
        low, high = min(values), max(values)
        if low == high and pad:
            low, high = low - (abs(low) / 2 or 1.0), high + (abs(high) / 2 or 1.0)
        room = (high - low) * pad
        low, high = low - room, high + room
        step = _round_step((high - low) / max(count, 1) or 1.0, whole)
        # The tolerance keeps a tick that rounding has put just outside of an end.
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        return cls(low, high, tuple(number * step for number in range(first, last + 1)), step)

    def place(self, value: float, dots: int) -> int:
        """The dot position of a value, counted from the low end."""
        if self.high == self.low:
            return (dots - 1) // 2
        return round((value - self.low) / (self.high - self.low) * (dots - 1))

    def word(self, value: float) -> str:
        """The label of a tick: as many digits as the step needs, with a true minus sign."""
        if max(abs(self.low), abs(self.high)) >= LARGE or self.step < SMALL:
            text = f"{value:.3g}"
        else:
            digits = max(0, -math.floor(math.log10(self.step) + 1e-9))
            # A step of 2.5 times a power of ten needs one digit more.
            digits += not math.isclose(self.step * 10**digits, round(self.step * 10**digits))
            text = f"{value:.{digits}f}"
        # A value that rounds to zero is written without its sign.
        return text.replace("-", "−") if float(text) else text.lstrip("-")


def _round_step(rough: float, whole: bool) -> float:
    """The smallest round number that is not below `rough`: 1, 2, 2.5 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    # With the tolerance, a step that is round already stays as it is.
    step = next(power * factor for factor in STEPS if power * factor >= rough * (1 - 1e-9))
    return max(1.0, float(math.ceil(step))) if whole else step
