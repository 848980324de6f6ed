"""The search for planted keys in all that the suite wrote: what it finds, what it skips, what it costs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import canary

KEY = canary.KEYS["OPENAI_API_KEY"].encode()


@pytest.mark.parametrize(
    "before", [0, 1, canary.CHUNK - 5, canary.CHUNK, canary.CHUNK + 1, 3 * canary.CHUNK - 20]
)
def test_a_key_is_found_wherever_it_stands(before: int, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "found").write_bytes(b"x" * before + KEY + b"y")
    (tmp_path / "clean").write_bytes(b"x" * before)
    assert canary.leaks(tmp_path) == [str(tmp_path / "deep" / "found")]


def test_holes_are_skipped_and_data_behind_them_is_read(tmp_path: Path) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.seek(8 * 2**30)
        file.write(KEY)
    assert sum(map(len, canary.written(sparse))) < 2 * canary.CHUNK
    assert canary.leaks(tmp_path) == [str(sparse)]


def test_no_pipe_is_waited_for_and_no_link_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert canary.leaks(tmp_path) == []
