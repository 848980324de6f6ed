"""A file that one process holds for its life: the lock goes with the process, however that ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

PATIENCE_S = 1.0


class Held(Exception):
    """Somebody else has it; the text names the process."""


def hold(path: Path) -> int:
    """The descriptor that holds it until it is closed. The file says who holds it, for whoever comes second."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = _holder(descriptor)
        os.close(descriptor)
        raise Held(holder) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def _holder(descriptor: int) -> str:
    """The winner of a race writes its number a moment after it has won."""
    limit = time.monotonic() + PATIENCE_S
    while not (said := os.pread(descriptor, 32, 0)).endswith(b"\n"):
        if time.monotonic() > limit:
            return "unknown"
        time.sleep(0.01)
    return said.decode("ascii", "replace").strip()
