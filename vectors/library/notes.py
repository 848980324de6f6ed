"""The user's notes on vectors: one JSON object by vector name. A damaged file counts as empty."""

from __future__ import annotations

import json
from pathlib import Path

from core.files import JSON_BYTES, read_regular
from vectors.files import writing

FILE = "notes.json"


def read(home: Path) -> dict[str, str]:
    try:
        found = json.loads(read_regular(home / FILE, JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(key): str(text) for key, text in found.items()} if isinstance(found, dict) else {}


def write(home: Path, name: str, text: str) -> None:
    """Set the note of a vector; an empty text deletes it."""
    others = {key: line for key, line in read(home).items() if key != name}
    _write_all(home, others | ({name: text} if text else {}))


def move_note(home: Path, old: str, new: str) -> None:
    """Rename the key of a note when its vector is renamed or moved."""
    notes = read(home)
    if old in notes:
        text = notes.pop(old)
        _write_all(home, notes | {new: text})


def _write_all(home: Path, notes: dict[str, str]) -> None:
    writing.write_bytes(home / FILE, json.dumps(notes, indent=1).encode("ascii"))
