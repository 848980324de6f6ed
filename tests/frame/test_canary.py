"""The search for planted keys in all that the suite wrote: what it finds, what it skips, what it costs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import canary


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder that the search at the end of the suite does not enter."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


KEY = canary.KEYS["OPENAI_API_KEY"].encode()


@pytest.mark.parametrize(
    "before", [0, 1, canary.CHUNK - 5, canary.CHUNK, canary.CHUNK + 1, 3 * canary.CHUNK - 20]
)
def test_a_key_is_found_wherever_it_stands(before: int, elsewhere: Path) -> None:
    (elsewhere / "deep").mkdir()
    (elsewhere / "deep" / "found").write_bytes(b"x" * before + KEY + b"y")
    (elsewhere / "clean").write_bytes(b"x" * before)
    assert canary.leaks(elsewhere) == [str(elsewhere / "deep" / "found")]


def test_holes_are_skipped_and_data_behind_them_is_read(elsewhere: Path) -> None:
    sparse = elsewhere / "sparse"
    with sparse.open("wb") as file:
        file.seek(8 * 2**30)
        file.write(KEY)
    assert sum(map(len, canary.written(sparse))) < 2 * canary.CHUNK
    assert canary.leaks(elsewhere) == [str(sparse)]


def test_no_pipe_is_waited_for_and_no_link_followed(elsewhere: Path) -> None:
    os.mkfifo(elsewhere / "pipe")
    (elsewhere / "zero").symlink_to("/dev/zero")
    assert canary.leaks(elsewhere) == []
