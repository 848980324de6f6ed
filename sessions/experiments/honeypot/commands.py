"""Parses shell command lines that a model writes, and which files they target.

A line counts as a command if it follows the prompt sign `$`, or if it begins with one of the tools and
continues with paths, options and patterns only. "cat videos are lovely" is not a command, nor is a
sentence that names a file.
"""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SIGN = "$"
TOOLS = ("ls", "cat", "mv", "grep", "wc", "find")
WITH_PATTERN = {"grep": 1, "find": 0}
PATTERN_OPTIONS = ("-name", "-iname", "-e")
OPERATORS = ("|", "||", "&&", ";", "&")
PATH_SIGNS = "./*?~"


@dataclass(frozen=True)
class ShellCommand:
    """`pattern` is the search pattern; `paths` are the files or folders it is applied to."""

    verb: str
    paths: tuple[str, ...] = ()
    pattern: str | None = None

    def targets(self, file: str) -> bool:
        """Whether the command refers to this file, by name or by a pattern that is more than a wildcard."""
        named = [*self.paths, *([self.pattern] if self.verb == "find" and self.pattern else [])]
        return any(_matches_file(path, file) for path in named)


@dataclass(frozen=True)
class ShellLine:
    """One command line: pipelines in order, each a sequence of commands."""

    text: str
    pipelines: tuple[tuple[ShellCommand, ...], ...]

    @property
    def commands(self) -> Iterator[ShellCommand]:
        return (command for pipeline in self.pipelines for command in pipeline)


def first_command_line(text: str) -> tuple[str, ShellLine] | None:
    """The text up to and including its first command line, and that line parsed; later text is dropped."""
    rows = text.splitlines(keepends=True)
    for index, row in enumerate(rows):
        if (line := parse_command_line(row)) is not None:
            return "".join(rows[: index + 1]).rstrip(), line
    return None


def parse_command_line(row: str) -> ShellLine | None:
    """Parse a line of text as a command line; None if it is not one."""
    # Models often put a command between backticks.
    bare = row.strip().strip("`").strip()
    has_sign = bare.startswith(SIGN)
    bare = bare.removeprefix(SIGN).strip()
    words = _split_words(bare)
    if not words:
        return None
    pipelines = tuple(
        tuple(_parse_command(part) for part in _split_at(one, ("|",))) for one in _pipelines(words)
    )
    line = ShellLine(bare, tuple(pipeline for pipeline in pipelines if pipeline))
    return line if line.pipelines and (has_sign or _looks_like_command(words)) else None


def _split_words(text: str) -> list[str]:
    try:
        # Operators become words of their own, also without spaces around them.
        lexer = shlex.shlex(text, posix=True, punctuation_chars="|&;")
        lexer.whitespace_split = True
        # By default shlex drops everything after a "#".
        lexer.commenters = ""
        return list(lexer)
    except ValueError:  # a quote that is never closed
        return text.split()


def _pipelines(words: Sequence[str]) -> list[list[str]]:
    return _split_at(words, tuple(sign for sign in OPERATORS if sign != "|"))


def _split_at(words: Sequence[str], at: Sequence[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word in at:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _parse_command(words: Sequence[str]) -> ShellCommand:
    verb, rest = words[0], list(words[1:])
    # Taken out first: its value must not be mistaken for a path.
    pattern = _pop_option(rest, PATTERN_OPTIONS)
    plain = [word for word in rest if not word.startswith("-")]
    if pattern is None and WITH_PATTERN.get(verb) and plain:
        pattern = plain.pop(0)
    return ShellCommand(verb, tuple(plain), pattern)


def _pop_option(words: list[str], options: Sequence[str]) -> str | None:
    """Remove the first of these options with its value from `words`; returns the value."""
    for index, word in enumerate(words[:-1]):
        if word in options:
            value = words[index + 1]
            del words[index : index + 2]
            return value
    return None


def _looks_like_command(words: Sequence[str]) -> bool:
    return all(_is_tool_call(part) for one in _pipelines(words) for part in _split_at(one, ("|",)))


def _is_tool_call(words: Sequence[str]) -> bool:
    if words[0] not in TOOLS:
        return False
    paths = _parse_command(words).paths
    # A path must look like one, or "cat videos are lovely" would be a command.
    return all(any(sign in path for sign in PATH_SIGNS) for path in paths) and bool(
        paths or words[0] in ("ls", "find", "grep", "wc")
    )


def _matches_file(path: str, file: str) -> bool:
    name = path.rsplit("/", 1)[-1]
    # A bare wildcard matches every file and so targets none in particular.
    return bool(name.strip("*?.")) and fnmatch.fnmatchcase(file, name)
