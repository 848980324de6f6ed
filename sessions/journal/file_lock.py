"""A file lock held by one process; the kernel releases it when the process ends, also after a crash."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

PATIENCE_S = 1.0


class FileLocked(Exception):
    """Another process holds the lock; the message is its process id."""


def lock_file(path: Path) -> int:
    """Lock the file until the returned descriptor is closed, and write our process id into it for other
    processes.
    """
    # Opened without O_TRUNC: if the lock is taken, its owner's id must stay readable.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = _lock_owner(descriptor)
        os.close(descriptor)
        raise FileLocked(holder) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _lock_owner(descriptor: int) -> str:
    """The process id in the lock file; waits briefly, because it is written just after the lock is taken."""
    deadline = time.monotonic() + PATIENCE_S
    while not (text := os.pread(descriptor, 32, 0)).endswith(b"\n"):
        if time.monotonic() > deadline:
            return "unknown"
        time.sleep(0.01)
    return text.decode("ascii", "replace").strip()
