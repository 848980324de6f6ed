"""The user's own lines about vectors: one JSON object beside them, by name. A file that was hurt counts as no notes."""

from __future__ import annotations

import json
from pathlib import Path

from vectors import writing

FILE = "notes.json"


def read(home: Path) -> dict[str, str]:
    try:
        found = json.loads((home / FILE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(key): str(text) for key, text in found.items()} if isinstance(found, dict) else {}


def write(home: Path, name: str, text: str) -> None:
    """An empty text takes the line away."""
    others = {key: line for key, line in read(home).items() if key != name}
    _keep(home, others | ({name: text} if text else {}))


def move(home: Path, old: str, new: str) -> None:
    """A line goes where its vector goes."""
    notes = read(home)
    if old in notes:
        text = notes.pop(old)
        _keep(home, notes | {new: text})


def _keep(home: Path, notes: dict[str, str]) -> None:
    writing.replace_file(home / FILE, json.dumps(notes, indent=1).encode("ascii"))
