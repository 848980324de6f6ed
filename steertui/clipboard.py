"""Copying: OSC 52 for the terminal in front of the user, tmux's buffer when inside tmux, and always a file.

A terminal never says whether it took the text, so the message names the file, which is certain.
"""

from __future__ import annotations

import os
import subprocess

from core.errors import SteerError
from steertui import paths

FILE = "yank.txt"
MOST = 74_994
"""Bytes of text that fit into the 100,000 characters of base64 that xterm and those after it take."""


def places(text: str) -> list[str]:
    """Puts a text that the terminal has been offered where else it can be put, and says where it is now."""
    long = " (it may find it too long)" if len(text.encode()) > MOST else ""
    said = [f"offered to the terminal's clipboard{long}"]
    if in_tmux(text):
        said.append("in tmux's buffer")
    try:
        target = paths.state() / FILE
        target.write_text(text, encoding="utf-8")
        said.append(f"in {target}")
    except (OSError, SteerError) as error:
        said.append(f"not in a file ({error})")
    return said


def in_tmux(text: str) -> bool:
    """tmux keeps a buffer of its own, and hands it on to the terminal outside (-w) where that is allowed."""
    if not os.environ.get("TMUX"):
        return False
    command = ["tmux", "load-buffer", "-w", "-"]
    try:
        return subprocess.run(command, input=text.encode(), capture_output=True, timeout=2).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
