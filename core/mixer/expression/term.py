"""One term as it is written, and the channel it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from core.errors import SteerError
from core.mixer.cap_bounds import Bound
from core.mixer.choices import UNITS
from core.mixer.expression.error import ExpressionError
from core.mixer.expression.names import find_vector, write_name
from core.mixer.expression.words import LineScanner

if TYPE_CHECKING:
    from core.mixer.mixer import Channel

ACTS = ("gain", "floor", "ceiling")
"""Settings that say what a term without a scale does: it then pushes nothing."""


@dataclass
class WrittenTerm:
    """The words of a term. `settings` are those of its options by field of a channel, `places` say where each
    stands.
    """

    sign: float
    begin: int
    scale: float | None = None
    unit: str | None = None
    name: str = ""
    name_at: int = 0
    layers: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    places: dict[str, tuple[int, str]] = field(default_factory=dict)


def build_channel(
    term: WrittenTerm, find: Callable[[str], Any], line: LineScanner, kind: type[Channel]
) -> Channel:
    """The channel of a term; what the vector or a setting refuses is reported at its word."""
    try:
        vector, turned = find_vector(term.name, find)
    except (SteerError, LookupError) as error:
        raise ExpressionError.caused_by(error, term.name_at + 1, write_name(term.name)) from error
    silent = term.scale is None and any(key in term.settings for key in ACTS)
    if silent and term.sign < 0:
        raise line.error_at(
            term.begin, "-", f"{term.name} pushes nothing that could be turned; write a scale, or no minus"
        )
    settings = turn_bounds(term.settings) if turned else dict(term.settings)
    if term.layers is not None:
        settings["layers"] = term.layers
    sign = -term.sign if turned else term.sign
    try:
        if silent:
            return kind(vector, **settings)
        return _pushing_channel(term, kind, vector, sign, settings)
    except SteerError as error:
        # Only two bounds that cross are left to be refused: the later one is named.
        at, word = max(term.places.values(), default=(term.name_at, write_name(term.name)))
        raise ExpressionError.caused_by(error, at + 1, word) from error


def _pushing_channel(
    term: WrittenTerm, kind: type[Channel], vector: Any, sign: float, settings: dict[str, Any]
) -> Channel:
    if term.scale is not None:
        return kind(vector, scale=sign * term.scale, unit=term.unit or _unit_of_card(vector), **settings)
    channel = kind.suggested(vector, **settings)
    return replace(channel, scale=sign * channel.scale)


def _unit_of_card(vector: Any) -> str:
    unit = (getattr(vector, "suggestion", None) or {}).get("unit")
    return unit if unit in UNITS else UNITS[0]


def turn_bounds(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings along −v̂: a floor X becomes the ceiling −X, and pN becomes p(100−N)."""
    kept = {key: value for key, value in settings.items() if key not in ("floor", "ceiling")}
    sides = {"floor": "ceiling", "ceiling": "floor"}
    return kept | {
        other: _turned(settings[side]) for side, other in sides.items() if settings.get(side) is not None
    }


def _turned(bound: Bound) -> Bound:
    if isinstance(bound, Mapping):
        return {layer: 0.0 - value for layer, value in bound.items()}
    if isinstance(bound, str):
        # Decimal: 100 − 0.1 is 99.9, which floats would write with fifteen digits.
        return f"p{100 - Decimal(bound[1:]):f}"
    return None if bound is None else 0.0 - bound
