"""Reads a mixer from one line.

    MIX  := [ FLAG { FLAG } ":" ] ( "plain" | ["-"] TERM { (" + " | " - ") TERM } )
    TERM := [ NUMBER [UNIT] ] NAME [ "@" LAYERS ] { "[" OPTION "]" }

The scanner takes words off the line and knows their columns; a term is then made into a channel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.errors import SteerError
from core.mixer.choices import UNITS
from core.mixer.expression.names import ADAPTER, FLAGS, KEYWORDS, NUMBER, PLAIN
from core.mixer.expression.options import NOT_PLAYED, OPTIONS, read_number
from core.mixer.expression.term import WrittenTerm, build_channel
from core.mixer.expression.words import LineScanner
from core.mixer.layer_ranges import DEEPEST, parse_layers

if TYPE_CHECKING:
    from core.mixer.mixer import Channel

_FLAG = re.compile(rf"({'|'.join(FLAGS)})(?=[\s:]|$)")
_JOIN = re.compile(r"\s+([+-])(?=\s|$)")
_BAND = re.compile(r'[^\s@\[\]"<>]+')
_OPTION = re.compile(r"[^\s=\[\]]+")
_VALUE = re.compile(r"[^\s\[\]]+")
A_NAME = "a vector's name belongs here"
A_JOIN = "after a term: ' + ' or ' - ' with white space on both sides, an option in [ ], or the end"


def parse_line(
    text: str, find: Callable[[str], Any], kind: type[Channel]
) -> tuple[tuple[Channel, ...], frozenset[str]]:
    """The channels and the flags of a line; `find(name)` gives a vector or raises."""
    line = LineScanner(text)
    flags = _read_flags(line)
    channels = [] if line.take_word(PLAIN) else _read_terms(line, find, kind)
    line.skip_space()
    if line.peek_char():
        raise line.error(A_JOIN if channels else "nothing may follow plain, which is no steering at all")
    return tuple(channels), flags


def _read_flags(line: LineScanner) -> frozenset[str]:
    flags: frozenset[str] = frozenset()
    line.skip_space()
    while match := line.take(_FLAG):
        if match[1] in flags:
            raise line.error_at(match.start(), match[1], "each flag once")
        flags |= {match[1]}
        line.skip_space()
    if flags and not line.take_char(":"):
        raise line.error(f"a colon after the flags {' and '.join(FLAGS)}, then the terms")
    line.skip_space()
    return flags


def _read_terms(line: LineScanner, find: Callable[[str], Any], kind: type[Channel]) -> list[Channel]:
    if not line.peek_char():
        raise line.error(f"{A_NAME}; no steering at all is written plain")
    begin = line.at
    sign = -1.0 if line.take_char("-") else 1.0
    channels = [build_channel(_read_term(line, sign, begin), find, line, kind)]
    while match := line.take(_JOIN):
        sign, begin = (-1.0 if match[1] == "-" else 1.0), match.start(1)
        channels.append(build_channel(_read_term(line, sign, begin), find, line, kind))
    return channels


def _read_term(line: LineScanner, sign: float, begin: int) -> WrittenTerm:
    term = WrittenTerm(sign, begin)
    line.skip_space()
    if NUMBER.fullmatch(word := line.peek_word()):
        term.scale = line.checked(lambda: read_number(word), word)
        line.advance(word)
        line.skip_space()
        if (word := line.peek_word()) in UNITS:
            term.unit = word
            line.advance(word)
            line.skip_space()
    term.name_at = line.at
    term.name = _read_name(line)
    _read_band(line, term)
    while line.take_after_space("["):
        _read_option(line, term)
    return term


def _read_name(line: LineScanner) -> str:
    if line.peek_char() == '"':
        return line.take_quoted()
    word = line.peek_word()
    if not word:
        raise line.error(A_NAME)
    if word == ADAPTER:
        raise line.error('adapters are not played yet; a vector of this name is written "adapter"')
    if word[0] in "+-":
        raise line.error("a name that begins with + or - needs quotes, and a number has no +")
    if word in KEYWORDS or NUMBER.fullmatch(word):
        raise line.error(f"{A_NAME}; one that is a word of the language or a number needs quotes")
    line.advance(word)
    return word


def _read_band(line: LineScanner, term: WrittenTerm) -> None:
    if not line.take_after_space("@"):
        return
    line.skip_space()
    match = line.take(_BAND)
    if match is None:
        raise line.error("layers such as 5, 3-8,12, all or 40%-85%")
    try:
        # The model's depth is not known here, only the spelling is checked.
        parse_layers(match[0], DEEPEST)
    except SteerError as error:
        raise line.error_at(match.start(), match[0], str(error)) from error
    term.layers = match[0]


def _read_option(line: LineScanner, term: WrittenTerm) -> None:
    """One option; its bracket is open already."""
    line.skip_space()
    match = line.take(_OPTION)
    name, at = (match[0], match.start()) if match else ("", line.at)
    if name in NOT_PLAYED:
        raise line.error_at(at, name, f"{name} is not played yet")
    if name not in OPTIONS:
        usages = ", ".join(option.usage for option in OPTIONS.values())
        raise line.error_at(at, name or line.peek_char(), f"one option: {usages}")
    option, value = OPTIONS[name], ""
    has_value = line.take_after_space("=")
    if has_value != ("=" in option.usage):
        raise line.error_at(at, name, f"write [{option.usage}]")
    if has_value:
        line.skip_space()
        found = line.take(_VALUE)
        if found is None:
            raise line.error(f"write [{option.usage}]")
        value, at = found[0], found.start()
    try:
        settings = option.read(value)
    except SteerError as error:
        raise line.error_at(at, value, f"{error}; write [{option.usage}]") from error
    if twice := settings.keys() & term.settings.keys():
        raise line.error_at(at, value or name, f"{min(twice)} is set twice")
    term.settings |= settings
    term.places |= dict.fromkeys(settings, (at, value or name))
    if not line.take_after_space("]"):
        raise line.error(f"] after one option, here [{option.usage}]")
