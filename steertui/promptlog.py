"""The history of prompts across sessions: one line of JSON per prompt, in the state folder."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from core.errors import SteerError
from core.files import read_utf8, write_atomic
from core.secrets import holds_secret
from steertui import paths

FILE = "prompts.jsonl"
KEPT = 500
LARGEST = 4 << 20
PRIVATE = 0o600
LONGEST = 100_000
KEY_SAID = "the prompt holds a key: the session records it as it is, the prompt history leaves it out"


def log_path() -> Path:
    return paths.state_folder() / FILE


def read() -> list[str]:
    """The prompts, oldest first, each once at its last position; invalid lines are skipped."""
    said: dict[str, None] = {}
    for line in _read_lines():
        with contextlib.suppress(ValueError, RecursionError):
            text = json.loads(line)
            if isinstance(text, str) and text.strip():
                # A dict keeps the order of insertion, so this moves a repeated prompt to the end.
                said.pop(text, None)
                said[text] = None
    return [*said][-KEPT:]


def _read_lines() -> list[str]:
    try:
        # More than is kept: a log due for compaction must be readable, and repetitions drop out.
        return read_utf8(log_path(), 4 * LARGEST, errors="replace").splitlines()[-4 * KEPT :]
    except (OSError, SteerError):
        return []


def append_prompt(text: str) -> None:
    """Append a prompt; errors are ignored, and a prompt that holds a key is not saved."""
    if holds_secret(text):
        return
    with contextlib.suppress(OSError, SteerError):
        file = log_path()
        if file.is_file() and file.stat().st_size > LARGEST:
            # `read` drops repetitions and old prompts, so writing its result back compacts the log.
            write_atomic(file, "".join(json.dumps(line) + "\n" for line in read()).encode(), PRIVATE)
        with file.open("a", encoding="ascii") as out:
            # JSON escapes line breaks and non-ASCII characters, so a prompt is one line of ASCII.
            out.write(json.dumps(text[:LONGEST]) + "\n")
        # A new file gets the mode of the umask.
        file.chmod(PRIVATE)
