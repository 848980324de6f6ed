"""Parses the notation of a cap: `>0.5`, `<2`, `>p25 <p75`, or `floor=0.5,ceiling=2`."""

from __future__ import annotations

import re

from core.errors import UsageError
from core.mixer.mixer import Bound

_PIECE = re.compile(r"(floor\s*=|ceiling\s*=|>=?|<=?|≥|≤)\s*(\S+)", re.IGNORECASE)
EXAMPLE = ">0.5   <p75   >-1 <1"


def parse_bounds(text: str) -> tuple[Bound, Bound]:
    """(floor, ceiling), at least one of them; each a number or a percentile such as p25."""
    found: dict[str, Bound] = {}
    rest = text.replace(",", " ").replace("−", "-").strip()
    while rest:
        match = _PIECE.match(rest)
        if match is None:
            raise UsageError(f"cannot read {rest!r} as a cap; write {EXAMPLE}")
        side = "floor" if match[1][0].lower() in "f>≥" else "ceiling"
        found[side] = _parse_bound(match[2])
        rest = rest[match.end() :].lstrip()
    if not found:
        raise UsageError(f"a cap needs a floor, a ceiling or both; write {EXAMPLE}")
    return found.get("floor"), found.get("ceiling")


def _parse_bound(word: str) -> Bound:
    if re.fullmatch(r"p\d{1,3}(\.\d+)?", word):
        return word
    try:
        return float(word)
    except ValueError:
        raise UsageError(f"{word!r} is neither a number nor a percentile such as p25") from None
