"""The user's notes on vectors: one JSON object by vector name. A damaged file counts as empty."""

from __future__ import annotations

import json
from pathlib import Path

from core.files import JSON_BYTES, read_regular
from vectors.files import writing

FILE = "notes.json"


def read(folder: Path) -> dict[str, str]:
    try:
        entries = json.loads(read_regular(folder / FILE, JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(key): str(text) for key, text in entries.items()} if isinstance(entries, dict) else {}


def write(folder: Path, name: str, text: str) -> None:
    """Set the note of a vector; an empty text deletes it."""
    others = {key: line for key, line in read(folder).items() if key != name}
    _write_all(folder, others | ({name: text} if text else {}))


def move_note(folder: Path, old: str, new: str) -> None:
    """Rename the key of a note when its vector is renamed or moved."""
    notes = read(folder)
    if old in notes:
        text = notes.pop(old)
        _write_all(folder, notes | {new: text})


def _write_all(home: Path, notes: dict[str, str]) -> None:
    writing.write_bytes(home / FILE, json.dumps(notes, indent=1).encode("ascii"))
