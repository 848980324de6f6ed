"""What a setting may hold: for each kind, what its value has to be in words, and a check of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    # bool is a subclass of int, but a truth value is no number.
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_list_of(holds: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list | tuple) and all(map(holds, value))


_NUMBER = "a number", _is_number
_COUNT = "a whole number", _is_count
_OBJECT = "an object", lambda value: isinstance(value, Mapping)

KINDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "text": ("a text", _is_text),
    "choice": ("a word", _is_text),
    "words": ("a text or a list of texts", lambda value: _is_text(value) or _is_list_of(_is_text)(value)),
    "number": _NUMBER,
    "not negative": _NUMBER,
    "positive": _NUMBER,
    "share": _NUMBER,
    "count": _COUNT,
    "positive count": _COUNT,
    "seed": _COUNT,
    "counts": ("a list of whole numbers", _is_list_of(_is_count)),
    "switch": ("true or false", lambda value: isinstance(value, bool)),
    "compile": ("true, false or 'now'", lambda value: isinstance(value, bool) or value == "now"),
    "pairs": _OBJECT,
    "edits": _OBJECT,
}
"""For each kind of setting, what its value has to be in words, and whether a value is."""
