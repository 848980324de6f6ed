"""Takes words off a line from left to right, and knows their columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from core.errors import SteerError
from core.mixer.expression.error import ExpressionError

T = TypeVar("T")
_SPACE = re.compile(r"\s*")
_WORD = re.compile(r'[^\s@\[\]"<>]+')
_ANY = re.compile(r"\S\S*")


class LineScanner:
    """A line and the place in it; `at` counts from 0, columns from 1."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    @property
    def at_end(self) -> bool:
        return self.at == len(self.text)

    def skip_space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def peek_char(self) -> str:
        return self.text[self.at : self.at + 1]

    def peek_word(self) -> str:
        """The bare word here; empty before a special character and at the end."""
        match = _WORD.match(self.text, self.at)
        return match[0] if match else ""

    def advance(self, word: str) -> None:
        self.at += len(word)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return match

    def take_char(self, char: str) -> bool:
        found = self.peek_char() == char
        self.at += found
        return found

    def take_word(self, word: str) -> bool:
        found = self.peek_word() == word
        self.at += len(word) if found else 0
        return found

    def take_after_space(self, char: str) -> bool:
        """Take the character if it is the next one that is not white space; else nothing is taken."""
        start = self.at
        self.skip_space()
        if self.take_char(char):
            return True
        self.at = start
        return False

    def take_quoted(self) -> str:
        """A name in double quotes, with `\\"` and `\\\\` inside."""
        start = self.at
        found: list[str] = []
        self.at += 1
        while not self.at_end:
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                if not found:
                    raise self.error_at(start, '""', "a name of at least one character between the quotes")
                return "".join(found)
            if char == "\\":
                self.at += 1
                char = self.peek_char()
                if char not in ('"', "\\"):
                    raise self.error_at(self.at - 1, f"\\{char}", 'inside quotes only \\" and \\\\')
            found.append(char)
            self.at += 1
        raise self.error_at(start, self.text[start:], "a closing quote")

    def checked(self, read: Callable[[], T], word: str) -> T:
        """What `read` makes of the word here; its error gets the place."""
        try:
            return read()
        except SteerError as error:
            raise ExpressionError.caused_by(error, self.at + 1, word) from error

    def error(self, expected: str) -> ExpressionError:
        """The next word is wrong."""
        self.skip_space()
        match = _ANY.match(self.text, self.at)
        return self.error_at(self.at, match[0] if match else "", expected)

    def error_at(self, at: int, word: str, expected: str) -> ExpressionError:
        return ExpressionError(at + 1, word, expected)
