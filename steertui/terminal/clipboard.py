"""Copying: OSC 52 to the terminal, tmux's buffer when inside tmux, and always a file.

A terminal does not confirm OSC 52, so the message also names the file.
"""

from __future__ import annotations

import os
import subprocess

from core.errors import SteerError
from steertui import paths

FILE = "yank.txt"
MOST = 74_994
"""Bytes of text that fit into the 100,000 base64 characters that xterm and similar terminals accept."""


def copy_text(text: str) -> list[str]:
    """Copy a text to tmux and to a file as well, and return where it can be found."""
    long = " (may be too long for it)" if len(text.encode()) > MOST else ""
    said = [f"offered to the terminal's clipboard{long}"]
    if copy_to_tmux(text):
        said.append("in tmux's buffer")
    try:
        target = paths.state_folder() / FILE
        target.write_text(text, encoding="utf-8")
        said.append(f"in {target}")
    except (OSError, SteerError) as error:
        said.append(f"not in a file ({error})")
    return said


def copy_to_tmux(text: str) -> bool:
    """Load a text into tmux's buffer; `-w` also passes it to the outer terminal where that is allowed."""
    if not os.environ.get("TMUX"):
        return False
    command = ["tmux", "load-buffer", "-w", "-"]
    try:
        return subprocess.run(command, input=text.encode(), capture_output=True, timeout=2).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
