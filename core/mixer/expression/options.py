"""The options of a term: how each is read from a line and written to one.

A new setting of a channel that a line may hold is one row of `OPTIONS`, in the order of the printer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import UsageError
from core.mixer.cap_bounds import Bound, check_bound
from core.mixer.choices import NOT_IN, SCOPES
from core.mixer.expression.names import NUMBER
from core.mixer.numbers import finite_number

if TYPE_CHECKING:
    from core.mixer.mixer import Channel

NOT_PLAYED = ("angle", "without", "site", "first", "after", "when", "when-prompt")
"""Options of the language that no part of the program plays yet: refused by name, never passed over."""
_PERCENTILE = re.compile(r"p[0-9]*\.?[0-9]+|p[0-9]+\.")
_LAYER = re.compile(r"([0-9]{1,9}):(.+)")


@dataclass(frozen=True)
class TermOption:
    """One option. `read` turns its value into settings of a channel, `write` gives the value or None where the
    channel has its default; a switch has the value "".
    """

    name: str
    usage: str
    read: Callable[[str], dict[str, Any]]
    write: Callable[[Channel], str | None]


def read_number(text: str) -> float:
    """A number as a line writes it: digits, a point, an exponent, and nothing else that Python takes for one."""
    if not NUMBER.fullmatch(text):
        raise UsageError(f"{text!r} is not a number such as 0.3, -2 or 1e-3")
    return finite_number("a number", text)


def read_bound(side: str, text: str) -> Bound:
    """A number, a percentile, or a number for each layer."""
    if ":" in text:
        return _read_map(text)
    if text.startswith("p"):
        if not _PERCENTILE.fullmatch(text):
            raise UsageError(f"{text!r} is not a percentile such as p25")
        return check_bound(side, text)
    return read_number(text)


def _read_map(text: str) -> dict[int, float]:
    found: dict[int, float] = {}
    for piece in text.split(","):
        match = _LAYER.fullmatch(piece)
        if match is None or int(match[1]) in found:
            raise UsageError(f"{piece!r} is not one number for one layer, such as 3:0.5,4:1.0")
        found[int(match[1])] = read_number(match[2])
    return found


def _read_cap(text: str) -> dict[str, Bound]:
    # The first two points part the bounds: `1...5` is 1 and .5.
    low, dots, high = text.partition("..")
    if not dots or ":" in text:
        raise UsageError(f"{text!r} is not two bounds such as -1..2 or p25..p75")
    return {"floor": read_bound("floor", low), "ceiling": read_bound("ceiling", high)}


def _read_scope(text: str) -> dict[str, str]:
    if text not in SCOPES:
        raise UsageError(f"scope is one of {', '.join(SCOPES)}")
    return {"scope": text}


def _read_not_in(text: str) -> dict[str, tuple[str, ...]]:
    parts = tuple(text.split(","))
    if any(part not in NOT_IN for part in parts):
        raise UsageError(f"not-in is {', '.join(NOT_IN)}: {text} is not played by this version")
    return {"not_in": parts}


def _read_half_life(text: str) -> dict[str, float]:
    tokens = read_number(text)
    if tokens <= 0:
        raise UsageError("half-life is a number of tokens greater than 0")
    return {"half_life": tokens}


def _write_bound(bound: Bound) -> str | None:
    if bound is None or isinstance(bound, str):
        return bound
    return _write_map(bound) if isinstance(bound, Mapping) else repr(bound)


def _write_map(numbers: Mapping[int, float]) -> str:
    return ",".join(f"{layer}:{value!r}" for layer, value in sorted(numbers.items()))


def _switch(name: str) -> TermOption:
    return TermOption(
        name, name, lambda text: {name: True}, lambda channel: "" if getattr(channel, name) else None
    )


def _bound(side: str) -> TermOption:
    return TermOption(
        side,
        f"{side}=X",
        lambda text: {side: read_bound(side, text)},
        lambda channel: _write_bound(getattr(channel, side)),
    )


_ROWS = (
    *map(_switch, ("split", "flipped", "muted", "solo")),
    TermOption(
        "gain",
        "gain=NUMBER",
        lambda text: {"gain": read_number(text)},
        lambda channel: None if channel.gain is None else repr(channel.gain),
    ),
    _bound("floor"),
    _bound("ceiling"),
    # Read only: the printer writes floor and ceiling.
    TermOption("cap", "cap=X..X", _read_cap, lambda channel: None),
    TermOption(
        "scope",
        "scope=" + "|".join(SCOPES),
        _read_scope,
        lambda channel: None if channel.scope == "all" else channel.scope,
    ),
    TermOption(
        "half-life",
        "half-life=NUMBER",
        _read_half_life,
        lambda channel: None if channel.half_life is None else repr(channel.half_life),
    ),
    TermOption(
        "not-in",
        "not-in=" + "|".join(NOT_IN),
        _read_not_in,
        lambda channel: ",".join(channel.not_in) or None,
    ),
    TermOption(
        "weights",
        "weights=L:NUMBER,…",
        lambda text: {"weights": _read_map(text)},
        lambda channel: None if channel.weights is None else _write_map(channel.weights),
    ),
)
OPTIONS: Mapping[str, TermOption] = {row.name: row for row in _ROWS}


def write_options(channel: Channel) -> str:
    """Every option that is not at its default, each in its bracket."""
    values = {name: option.write(channel) for name, option in OPTIONS.items()}
    written = (f"{name}={value}" if value else name for name, value in values.items() if value is not None)
    return "".join(f"[{option}]" for option in written)
