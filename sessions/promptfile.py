"""Reads prompts from a JSON-lines file; each line is a text, or an object with `prompt` or `messages`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.files import GIBI, open_regular

LARGEST = GIBI
LONGEST_LINE = 16 * 2**20

Prompt = str | list[dict[str, str]]


@dataclass(frozen=True)
class PromptRecord:
    """One line: its prompt, and its other fields, which are returned with the answer."""

    prompt: Prompt
    rest: dict[str, Any]


def read_prompts(path: Path) -> list[PromptRecord]:
    """All prompts of a file; raises for the first bad line, before a model is loaded."""
    try:
        items = [
            _parse_record(line, f"{path}, line {number}") for number, line in _lines(path) if line.strip()
        ]
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    if not items:
        raise BadInput(f"{path} holds no prompts")
    return items


def read_first_line(path: Path) -> bytes:
    """The first line that is not blank; empty if there is none."""
    try:
        return next((line for _, line in _lines(path) if line.strip()), b"")
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with open_regular(path, LARGEST) as file:
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise BadInput(f"{path}, line {number}: longer than {LONGEST_LINE >> 20} MiB")
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def _parse_record(line: bytes, where: str) -> PromptRecord:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise BadInput(f"{where}: no JSON") from None
    if isinstance(found, str):
        return PromptRecord(found, {})
    if not isinstance(found, dict) or ("prompt" in found) == ("messages" in found):
        raise BadInput(f"{where}: needs a text, or an object with either 'prompt' or 'messages'")
    prompt = found.pop("prompt") if "prompt" in found else found.pop("messages")
    if not isinstance(prompt, str) and not _are_messages(prompt):
        raise BadInput(f"{where}: 'prompt' is a text, 'messages' a list of objects with 'role' and 'content'")
    return PromptRecord(prompt, found)


def _are_messages(found: Any) -> bool:
    return (
        isinstance(found, list)
        and bool(found)
        and all(isinstance(m, dict) and {"role", "content"} <= m.keys() for m in found)
        and all(isinstance(value, str) for m in found for value in m.values())
    )
