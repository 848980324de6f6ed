"""Which token positions of a side are read; to add a way, add a function and a line below.

`last` the last token, where the next one is decided · `decision` the last token before the side's own words ·
`response-mean` the mean over those words · `span:A:B` tokens A to B · `regex:PATTERN` the tokens of its last
match · `turn:N` the mean over message N (0-based; −1 is the last).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from core.errors import UsageError
from vectors.texts.tokenized import TokenizedText

if TYPE_CHECKING:
    from core.activations.positions import Choice

RESPONSE = "response-mean"
LONGEST = 50
"""Most tokens of a generated reply that is read."""


def read_positions(read: str, side: TokenizedText) -> Choice:
    """The positions in one side for a `--read` value; raises if they do not exist there."""
    name, _, argument = read.partition(":")
    return READS[name](side, argument)


def check_read(read: str) -> str:
    """The same value; raises if it is unknown or its argument is wrong, before a model is used."""
    name, _, argument = read.partition(":")
    if name not in READS:
        raise UsageError(f"no read {name!r}; there is {', '.join(READS)}")
    if name == "span":
        _bounds(argument)
    if name == "regex":
        _pattern(argument)
    if name == "turn":
        _number(argument or "-1")
    if argument and name in ("last", "decision", RESPONSE):
        raise UsageError(f"{name} takes no argument, {argument!r} was given")
    return read


def _last(side: TokenizedText, argument: str) -> Choice:
    return -1


def _decision(side: TokenizedText, argument: str) -> Choice:
    if side.reply is not None:
        return side.last_token_before(side.reply[0])
    if side.turns:
        return -1
    raise UsageError("a plain text has no decision; use last, or narratives with context and continuation")


def _response(side: TokenizedText, argument: str) -> Choice:
    """The tokens of the reply; an empty reply is read at its last token."""
    if side.reply is None:
        return -1
    return side.tokens(side.reply) or -1


def _span(side: TokenizedText, argument: str) -> Choice:
    return slice(*_bounds(argument))


def _regex(side: TokenizedText, argument: str) -> Choice:
    # An empty match covers no token.
    matches = [match for match in _pattern(argument).finditer(side.text) if match.group()]
    if not matches:
        raise UsageError(f"regex {argument!r} matches nothing in {side.text[:60]!r}")
    return side.tokens(matches[-1].span())


def _turn(side: TokenizedText, argument: str) -> Choice:
    number = _number(argument or "-1")
    if not -len(side.turns) <= number < len(side.turns):
        raise UsageError(f"turn {number} of a text with {len(side.turns)} messages")
    return side.tokens(side.turns[number])


def _bounds(argument: str) -> tuple[int | None, int | None]:
    match = re.fullmatch(r"(-?\d+)?:(-?\d+)?", argument)
    if match is None:
        raise UsageError(f"span needs two token numbers such as span:2:8 or span:-4:, not {argument!r}")
    start, stop = (None if part is None else int(part) for part in match.groups())
    return start, stop


def _pattern(argument: str) -> re.Pattern[str]:
    try:
        # An empty pattern would match everywhere; the one in its place matches nowhere.
        return re.compile(argument or "(?!)")
    except re.error as problem:
        raise UsageError(f"regex {argument!r}: {problem}") from None


def _number(argument: str) -> int:
    if not re.fullmatch(r"-?\d+", argument):
        raise UsageError(f"turn needs the number of a message, not {argument!r}")
    return int(argument)


READS: Mapping[str, Callable[[TokenizedText, str], Choice]] = {
    "last": _last,
    "decision": _decision,
    RESPONSE: _response,
    "span": _span,
    "regex": _regex,
    "turn": _turn,
}
