"""Kinds of parameters that are numbers."""

from __future__ import annotations

from core.errors import UsageError
from core.mixer.numbers import finite_number
from sessions.job_specs.kinds.kind import Json, ParamKind

LARGEST_COUNT = 2**63 - 1
"""The largest whole number that a tensor or a random generator takes."""


class NumberKind(ParamKind):
    """A finite number."""

    metavar = "X"

    def parse(self, name: str, value: Json) -> float:
        return finite_number(name, value)

    def format(self, value: Json) -> str:
        return format_number(value)


class ShareKind(NumberKind):
    """A share of a whole, less than all of it."""

    def parse(self, name: str, value: Json) -> float:
        share = finite_number(name, value)
        if not 0 <= share < 1:
            raise UsageError(f"{name} is a share from 0 up to 1, not {share:g}")
        return share


class CountKind(ParamKind):
    """A whole number from 0 on."""

    metavar = "N"

    def parse(self, name: str, value: Json) -> int:
        number = finite_number(name, value)
        if number < 0 or number != int(number):
            raise UsageError(f"{name} is a whole number ≥ 0, not {value!r}")
        if number > LARGEST_COUNT:
            raise UsageError(f"{name} is a whole number up to {LARGEST_COUNT}, not {value!r}")
        # A float has 53 bits: the digits of a longer number are read again as they are.
        return int(value) if isinstance(value, str) and value.strip().isdecimal() else int(number)


class NumbersKind(ParamKind):
    """Numbers with commas or semicolons between them."""

    metavar = "X,Y,…"

    def parse(self, name: str, value: Json) -> tuple[float, ...]:
        parts = value.replace(";", ",").split(",") if isinstance(value, str) else value
        return tuple(finite_number(name, part) for part in parts)

    def format(self, value: Json) -> str:
        return ",".join(map(format_number, value))


def format_number(value: float) -> str:
    """The shortest decimal notation that is read back as the same number."""
    # Six significant digits may not be enough to read the number back.
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


NUMBER = NumberKind()
SHARE = ShareKind()
WHOLE_NUMBER = CountKind()
NUMBER_LIST = NumbersKind()
