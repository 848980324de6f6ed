"""Reads the prompts of a file in any shape: lines of prompts, or everything that `contrast` reads.

A pair gives the prompts of both its sides, without an assistant's reply at their end and only up to where the sides
begin to differ on purpose; sides that ask the same are one prompt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import BadInput
from sessions.promptfile import Prompt, PromptRecord, read_first_line, read_prompts
from vectors.texts.pair import ContrastPair, ContrastSet, Text

SIDES = ("positive", "negative")


def read_prompt_shapes(path: Path) -> list[PromptRecord]:
    """All prompts of a file; raises for the first bad entry, before a model is loaded."""
    if _holds_prompts(read_first_line(path)):
        return read_prompts(path)
    import vectors

    found = vectors.contrast(str(path.absolute()))
    records = [*_plain_prompts(path, found), *_side_prompts(found.pairs)]
    if not records:
        raise BadInput(f"{path} holds no prompts")
    return records


def _holds_prompts(line: bytes) -> bool:
    """Whether a file that begins with this line has a prompt per line."""
    try:
        first = json.loads(line)
    except (ValueError, RecursionError):
        # A table, or JSON over several lines.
        return False
    return isinstance(first, str) or (
        isinstance(first, dict) and not first.keys().isdisjoint({"prompt", "messages"})
    )


def _plain_prompts(path: Path, found: ContrastSet) -> Iterator[PromptRecord]:
    """Prompts of a file without pairs, with the other fields of their entries."""
    if not found.prompts:
        return
    from vectors.contrasts import records, shapes

    for entry, messages in zip(records.read(path), found.prompts, strict=True):
        asked = next(key for key in shapes.PROMPT_KEYS if key in entry.fields)
        rest = {key: value for key, value in entry.fields.items() if key != asked}
        yield PromptRecord(_short_prompt(messages), rest)


def _side_prompts(pairs: Sequence[ContrastPair]) -> Iterator[PromptRecord]:
    for number, pair in enumerate(pairs, start=1):
        about: dict[str, Any] = {"pair": number} | ({"domain": pair.domain} if pair.domain else {})
        begins = pair.begins or (None, None)
        asked = [
            _side_prompt(text, begin)
            for text, begin in zip((pair.positive, pair.negative), begins, strict=True)
        ]
        if asked[0] == asked[1]:
            yield PromptRecord(asked[0], about)
        else:
            for prompt, side in zip(asked, SIDES, strict=True):
                yield PromptRecord(prompt, {**about, "side": side})


def _side_prompt(text: Text, begin: int | None) -> Prompt:
    if isinstance(text, str):
        return text[:begin].rstrip() if begin is not None else text
    messages = [message for message in text if isinstance(message, Mapping)]
    # The assistant's reply is what is to be generated.
    if len(messages) > 1 and messages[-1]["role"] == "assistant":
        messages = messages[:-1]
    return _short_prompt(messages)


def _short_prompt(messages: Sequence[Any]) -> Prompt:
    """A single message of the user as its text."""
    if len(messages) == 1 and messages[0]["role"] == "user":
        return str(messages[0]["content"])
    return [dict(message) for message in messages]
