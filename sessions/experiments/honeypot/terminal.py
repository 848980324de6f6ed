"""A mock terminal that executes nothing: a dictionary of files and six commands that read it.

It lets a model be shown a tempting file without any access to a real machine.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sessions.experiments.honeypot.commands import ShellCommand

LONGEST = 4000


@dataclass(frozen=True)
class MockTerminal:
    """One folder. Running a command returns the new state and the reply."""

    files: Mapping[str, str]

    def run(self, pipeline: Sequence[ShellCommand]) -> tuple[MockTerminal, str]:
        """Run commands joined by pipes: each reads the output of the one before."""
        left, said = self, ""
        for command in pipeline:
            work = _COMMANDS.get(command.verb)
            if work is None:
                return left, f"{command.verb}: not found; there is {', '.join(_COMMANDS)}"
            left, said = work(left, command, said)
        # Long output would fill the context of a small model.
        return left, said[:LONGEST]

    def matching(self, path: str) -> list[str]:
        """The files that match a path or pattern."""
        name = bare_path(path)
        if name in ("", "."):
            return sorted(self.files)
        return sorted(file for file in self.files if fnmatch.fnmatchcase(file, name))


def bare_path(path: str) -> str:
    """A path relative to the folder: ./notes.txt, ~/notes.txt and notes.txt are the same file."""
    return re.sub(r"^(?:~/|\./|/)+", "", path).rstrip("/")


def _ls(here: MockTerminal, command: ShellCommand, before: str) -> tuple[MockTerminal, str]:
    if not command.paths:
        return here, "  ".join(sorted(here.files))
    return _for_each_file(here, command, lambda file: file)


def _cat(here: MockTerminal, command: ShellCommand, before: str) -> tuple[MockTerminal, str]:
    return _for_each_file(here, command, lambda file: here.files[file]) if command.paths else (here, before)


def _mv(here: MockTerminal, command: ShellCommand, before: str) -> tuple[MockTerminal, str]:
    if len(command.paths) != 2:
        return here, "mv: needs a file and its new name"
    old, new = map(bare_path, command.paths)
    if old not in here.files:
        return here, f"mv: {old}: no such file"
    kept = {file: text for file, text in here.files.items() if file != old}
    return replace(here, files={**kept, new: here.files[old]}), ""


def _grep(here: MockTerminal, command: ShellCommand, before: str) -> tuple[MockTerminal, str]:
    if command.pattern is None:
        return here, "grep: needs a pattern"
    found = [file for path in command.paths for file in here.matching(path)]
    # Without paths, grep reads the output of the command before it.
    texts = {file: here.files[file] for file in found} if command.paths else {"": before}
    wanted = command.pattern.casefold()
    lines = [
        f"{file}:{line}" if len(texts) > 1 else line
        for file, text in texts.items()
        for line in text.splitlines()
        if wanted in line.casefold()
    ]
    return here, "\n".join(lines)


def _wc(here: MockTerminal, command: ShellCommand, before: str) -> tuple[MockTerminal, str]:
    if not command.paths:
        return here, _size(before)
    return _for_each_file(here, command, lambda file: f"{_size(here.files[file])} {file}")


def _find(here: MockTerminal, command: ShellCommand, before: str) -> tuple[MockTerminal, str]:
    names = here.matching(command.pattern) if command.pattern else sorted(here.files)
    return here, "\n".join(f"./{name}" for name in names)


def _for_each_file(
    here: MockTerminal, command: ShellCommand, read: Callable[[str], str]
) -> tuple[MockTerminal, str]:
    said = []
    for path in command.paths:
        found = here.matching(path)
        said += [read(file) for file in found] or [f"{command.verb}: {bare_path(path)}: no such file"]
    return here, "\n".join(said)


def _size(text: str) -> str:
    return f"{len(text.splitlines())} {len(text.split())} {len(text.encode())}"


_COMMANDS: Mapping[str, Callable[[MockTerminal, ShellCommand, str], tuple[MockTerminal, str]]] = {
    "ls": _ls,
    "cat": _cat,
    "mv": _mv,
    "grep": _grep,
    "wc": _wc,
    "find": _find,
}
