"""The shell behind the screen: can it stop this program and bring it back?

Without one that minds its jobs a stopped screen would stay stopped, and take the terminal with it.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def minds_us() -> bool:
    """Whether the parent of our job, which may be a whole pipeline, is another job of the same terminal."""
    job = os.getpgrp()
    try:
        parent = _parent(job)
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != job
    except (OSError, ValueError):
        return False


def hand_over() -> None:
    """Stops the whole job, as the kernel does at ctrl+z: this program, and whoever started it below the shell."""
    os.killpg(0, signal.SIGTSTP)


def _parent(process: int) -> int:
    if process == os.getpid():
        return os.getppid()
    behind_the_name = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2]
    return int(behind_the_name.split()[1])
