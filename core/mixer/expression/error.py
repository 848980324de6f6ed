"""What is wrong in the line of a mixer, and where."""

from __future__ import annotations

from core.errors import SteerError, UsageError

LONGEST = 40


class ExpressionError(UsageError):
    """A line that is no mixer: `column` counts from 1, `word` is empty at the end of the line."""

    def __init__(self, column: int, word: str, expected: str) -> None:
        shown = word if len(word) <= LONGEST else f"{word[: LONGEST - 1]}…"
        super().__init__(f"column {column}, {f'“{shown}”' if word else 'end of the line'}: {expected}")
        self.column, self.word, self.expected = column, word, expected

    @classmethod
    def caused_by(cls, error: Exception, column: int, word: str) -> ExpressionError:
        """An error of a vector or a setting, at the word that asked for it; it keeps its exit code."""
        sentence = str(error) if isinstance(error, SteerError) else f"no vector of this name ({error})"
        found = cls(column, word, sentence)
        if isinstance(error, SteerError):
            found.exit_code = error.exit_code
        return found
