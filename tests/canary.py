"""Keys that must never be written: in the environment of every test, and looked for in all that the suite wrote."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tests.claude_server import CANARY

KEYS = {
    "OPENAI_API_KEY": "sk-proj-canaryOfTheWholeSuite0123456789",
    "HF_TOKEN": "hf_canaryOfTheWholeSuite0123456789",
    "STEERTUI_TEST_SECRET": "no-shape-of-a-key-but-a-canary-all-the-same",
}
"""Variables of every test; Claude's key comes with its server."""


CHUNK = 4 * 2**20
MOST_BYTES = 64 * 2**20
"""Of a file's data so much is read: what is longer is weights, and a key would stand in its head."""


def set_free() -> None:
    os.environ.update(KEYS)


def leaks(folder: Path) -> list[str]:
    """Every file below `folder` that holds one of the keys; what cannot be read is passed over."""
    keys = [key.encode() for key in (*KEYS.values(), CANARY)]
    files = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return sorted(str(path) for path in files if any(key in data for data in written(path) for key in keys))


def written(path: Path) -> Iterator[bytes]:
    """The data of a regular file in chunks that overlap by the longest key; holes of sparse files are skipped."""
    overlap = max(map(len, (*KEYS.values(), CANARY)))
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        left, place = MOST_BYTES, 0
        while left > 0 and (begin := next_data(file, place)) is not None:
            # A key that begins before a chunk's border has to be whole in one of the two chunks.
            chunk = os.pread(file, CHUNK + overlap, begin)
            yield chunk
            left, place = left - CHUNK, begin + CHUNK
    finally:
        os.close(file)


def next_data(file: int, place: int) -> int | None:
    """Where data begins at or behind `place`; None behind the last of it."""
    try:
        return os.lseek(file, place, os.SEEK_DATA)
    except OSError:  # ENXIO: only a hole is left
        return None
