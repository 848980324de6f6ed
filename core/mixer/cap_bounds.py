"""The bounds of a cap and how they are written.

A bound is a number, a percentile such as `p25`, or a number for each layer. A cap is written `floor=0.5,ceiling=p75`
or `>0.5 <p75`; both spellings may be mixed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TypeAlias

from core.errors import UsageError
from core.mixer.numbers import finite_number, numbers_by_layer

Bound: TypeAlias = float | str | Mapping[int, float] | None

EXAMPLE = ">0.5   <p75   >-1 <1"
_SIDE = re.compile(r"(floor\s*=|ceiling\s*=|>=?|<=?|≥|≤)\s*(\S+)", re.IGNORECASE)
_PERCENTILE = re.compile(r"p[\d.+-]")


def check_bound(side: str, bound: Bound) -> Bound:
    """A bound as a channel stores it, a percentile in its shortest form; raises if a number is not finite or a
    percentile not in p0…p100.
    """
    if isinstance(bound, Mapping):
        return numbers_by_layer(side, bound)
    if isinstance(bound, str) and bound.startswith("p"):
        percentile = finite_number(side, bound[1:])
        if not 0 <= percentile <= 100:
            raise UsageError(f"{side} {bound!r} must be a percentile from p0 to p100")
        # 025.50 is 25.5, 1e1 is 10. Of the float, whose digits are few: 1e-999999 as it was typed has a million.
        return f"p{Decimal(repr(percentile)).normalize() + 0:f}"
    return None if bound is None else finite_number(side, bound)


def parse_bound(side: str, word: str) -> float | str:
    """One typed bound: a number or a percentile."""
    # U+2212 is the minus sign of typeset text, which float() does not accept.
    word = word.strip().replace("−", "-")
    if _PERCENTILE.match(word):
        return str(check_bound(side, word))
    try:
        return finite_number(side, word)
    except UsageError:
        raise UsageError(
            f"{side} must be a finite number or a percentile such as p25, not {word!r}"
        ) from None


def parse_bounds(text: str) -> tuple[float | str | None, float | str | None]:
    """(floor, ceiling), at least one of them, each written once."""
    found: dict[str, float | str] = {}
    rest = text.replace(",", " ").strip()
    while rest:
        match = _SIDE.match(rest)
        if match is None:
            raise UsageError(f"cannot read {rest!r} as a cap; write {EXAMPLE}")
        side = "floor" if match[1][0].lower() in "f>≥" else "ceiling"
        if side in found:
            raise UsageError(f"{side} is given twice; write each bound once")
        found[side] = parse_bound(side, match[2])
        rest = rest[match.end() :].lstrip()
    if not found:
        raise UsageError(f"a cap needs a floor, a ceiling or both; write {EXAMPLE}")
    return found.get("floor"), found.get("ceiling")
