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
        terminal, output = self, ""
        for command in pipeline:
            run_command = _COMMANDS.get(command.verb)
            if run_command is None:
                return terminal, f"{command.verb}: not found; there is {', '.join(_COMMANDS)}"
            terminal, output = run_command(terminal, command, output)
        # Long output would fill the context of a small model.
        return terminal, output[:LONGEST]

    def matching(self, path: str) -> list[str]:
        """The files that match a path or pattern."""
        name = bare_path(path)
        if name in ("", "."):
            return sorted(self.files)
        return sorted(file for file in self.files if fnmatch.fnmatchcase(file, name))


def bare_path(path: str) -> str:
    """A path relative to the folder: ./notes.txt, ~/notes.txt and notes.txt are the same file."""
    return re.sub(r"^(?:~/|\./|/)+", "", path).rstrip("/")


def _ls(terminal: MockTerminal, command: ShellCommand, piped: str) -> tuple[MockTerminal, str]:
    if not command.paths:
        return terminal, "  ".join(sorted(terminal.files))
    return _for_each_file(terminal, command, lambda file: file)


def _cat(terminal: MockTerminal, command: ShellCommand, piped: str) -> tuple[MockTerminal, str]:
    return (
        _for_each_file(terminal, command, lambda file: terminal.files[file])
        if command.paths
        else (terminal, piped)
    )


def _mv(terminal: MockTerminal, command: ShellCommand, piped: str) -> tuple[MockTerminal, str]:
    if len(command.paths) != 2:
        return terminal, "mv: needs a file and its new name"
    old, new = map(bare_path, command.paths)
    if old not in terminal.files:
        return terminal, f"mv: {old}: no such file"
    others = {file: text for file, text in terminal.files.items() if file != old}
    return replace(terminal, files={**others, new: terminal.files[old]}), ""


def _grep(terminal: MockTerminal, command: ShellCommand, piped: str) -> tuple[MockTerminal, str]:
    if command.pattern is None:
        return terminal, "grep: needs a pattern"
    files = [file for path in command.paths for file in terminal.matching(path)]
    # Without paths, grep reads the output of the command before it.
    texts = {file: terminal.files[file] for file in files} if command.paths else {"": piped}
    pattern = command.pattern.casefold()
    lines = [
        f"{file}:{line}" if len(texts) > 1 else line
        for file, text in texts.items()
        for line in text.splitlines()
        if pattern in line.casefold()
    ]
    return terminal, "\n".join(lines)


def _wc(terminal: MockTerminal, command: ShellCommand, piped: str) -> tuple[MockTerminal, str]:
    if not command.paths:
        return terminal, _size(piped)
    return _for_each_file(terminal, command, lambda file: f"{_size(terminal.files[file])} {file}")


def _find(terminal: MockTerminal, command: ShellCommand, piped: str) -> tuple[MockTerminal, str]:
    names = terminal.matching(command.pattern) if command.pattern else sorted(terminal.files)
    return terminal, "\n".join(f"./{name}" for name in names)


def _for_each_file(
    terminal: MockTerminal, command: ShellCommand, read: Callable[[str], str]
) -> tuple[MockTerminal, str]:
    lines = []
    for path in command.paths:
        files = terminal.matching(path)
        lines += [read(file) for file in files] or [f"{command.verb}: {bare_path(path)}: no such file"]
    return terminal, "\n".join(lines)


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
