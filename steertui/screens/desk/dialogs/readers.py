"""Readers for form inputs: each returns a value or raises a sentence that says why not."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any, TypeVar

from core.errors import UsageError
from core.mixer.numbers import finite_number
from sessions.job_specs.kinds.words import read_pair

T = TypeVar("T")


def read_number(text: str) -> float:
    # A copied number may have a true minus sign, which `float` does not read.
    return finite_number("it", text.strip().replace("−", "-"))


def read_not_negative(text: str) -> float:
    value = read_number(text)
    if value < 0:
        raise UsageError(f"it must not be negative, got {value:g}")
    return value


def read_positive(text: str) -> float:
    value = read_number(text)
    if value <= 0:
        raise UsageError(f"it must be positive, got {value:g}")
    return value


def read_share(text: str) -> float:
    value = read_number(text)
    if not 0 < value <= 1:
        raise UsageError(f"it must lie above 0 and be at most 1, got {value:g}")
    return value


def read_count(text: str) -> int:
    word = text.strip()
    # `isdigit` alone would admit digits such as ², which `int` refuses.
    if not (word.isascii() and word.isdigit()):
        raise UsageError(f"{word!r} is not a whole number from 0 on")
    return int(word)


def read_positive_count(text: str) -> int:
    if read_count(text) < 1:
        raise UsageError("it must be at least 1")
    return read_count(text)


def read_words(text: str) -> tuple[str, ...]:
    """Words separated by spaces; quotes keep words together."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"a quote is not closed in {text!r}") from error


def read_pairs(text: str) -> dict[str, Any]:
    return dict(read_pair(word) for word in read_words(text))


def choice_reader(*choices: str) -> Callable[[str], str]:
    """A reader that accepts one of these words."""

    def read(text: str) -> str:
        if text.strip() not in choices:
            raise UsageError(f"{text.strip()!r} is none of {', '.join(choices)}")
        return text.strip()

    return read


def read_yes_no(text: str) -> bool:
    return choice_reader("yes", "no")(text) == "yes"


def optional_reader(word: str, read: Callable[[str], T]) -> Callable[[str], T | None]:
    """A reader that returns None for `word` or empty text."""

    def either(text: str) -> T | None:
        return None if text.strip().lower() in (word, "") else read(text)

    return either
