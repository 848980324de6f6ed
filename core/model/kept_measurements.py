"""What was measured of a model once, kept as a small JSON file in the user's cache folder."""

from __future__ import annotations

import json
from pathlib import Path

import platformdirs

from core.files import JSON_BYTES, read_regular, write_atomic
from core.json_values import JsonValue

PRIVATE = 0o600


def measurement_file(kind: str, key: str) -> Path:
    """`key` has to name everything that the measurement depends on."""
    return Path(platformdirs.user_cache_dir("steertui")) / kind / f"{key}.json"


def read_measurement(file: Path) -> JsonValue:
    """None where nothing is kept; a file that cannot be read counts as missing."""
    try:
        found: JsonValue = json.loads(read_regular(file, JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return found


def write_measurement(file: Path, found: JsonValue) -> None:
    """Write atomically; where the cache cannot be written, the measurement is made again next time."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(file, json.dumps(found).encode(), PRIVATE)
    except OSError:
        return
