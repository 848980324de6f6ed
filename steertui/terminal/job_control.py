"""Job control: whether the shell can suspend this program and resume it.

Without job control a suspended screen would stay suspended and block the terminal.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def has_job_control() -> bool:
    """Whether the parent of our process group is another job of the same terminal."""
    job = os.getpgrp()
    try:
        parent = _parent_pid(job)
        # An orphaned process group has no such parent, and nothing would resume it.
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != job
    except (OSError, ValueError):
        return False


def suspend_job() -> None:
    """Suspend the whole process group, as ctrl+z does."""
    os.killpg(0, signal.SIGTSTP)


def _parent_pid(process: int) -> int:
    if process == os.getpid():
        return os.getppid()
    # The name in parentheses may contain spaces and parentheses, so fields are counted from the last one.
    behind_the_name = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2]
    return int(behind_the_name.split()[1])
