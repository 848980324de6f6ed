"""Disks that are full or cannot be written: made by the test, seen by one process, and gone with it.

`small` and `read_only` begin a command line with a file system in a namespace of its own; where the kernel does not let
an ordinary user make one, the test is skipped and says so.
"""

from __future__ import annotations

import functools
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ALONE = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
SMALL = 'mount -t tmpfs -o "size=$0" none "$1" && shift && exec "$@"'
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'


def small(folder: Path, size: str) -> list[str]:
    """For what follows, `folder` is an empty disk of that size, such as 64k."""
    _skip_unless_allowed()
    return [*ALONE, SMALL, size, str(folder)]


def read_only(folder: Path) -> list[str]:
    """For what follows, nothing below `folder` can be written, not even by root."""
    _skip_unless_allowed()
    return [*ALONE, READ_ONLY, str(folder)]


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """As good as a full disk, without asking for rights: writes past `size` come back short, then fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _skip_unless_allowed() -> None:
    if not _allowed():
        pytest.skip("no file system may be mounted here, not even in a namespace of one's own")


@functools.cache
def _allowed() -> bool:
    try:
        done = subprocess.run([*ALONE, "mount -t tmpfs none /tmp"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0
