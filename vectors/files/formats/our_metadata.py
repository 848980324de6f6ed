"""Our metadata as an extra record in a `.pt` zip, which torch ignores; other files lack it."""

from __future__ import annotations

import json

from vectors.data import carried
from vectors.data.stored import StoredVector
from vectors.errors import VectorFileError

LAYOUT = "layout"


def metadata_record(stored: StoredVector, layout: str) -> str:
    return json.dumps({LAYOUT: layout, **carried.metadata_entries(stored, units_written=False)})


def read(note: str) -> dict[str, str]:
    if not note:
        return {}
    try:
        entries = json.loads(note)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
        raise VectorFileError("its steertui.json record is not valid")
    return entries
