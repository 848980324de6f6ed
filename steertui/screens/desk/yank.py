"""Copying: OSC 52 for the terminal in front of the user, tmux's buffer when inside tmux, and always a file.

A terminal never says whether it took the text, so the message names the file, which is certain.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

from textual.app import App

from core.errors import SteerError
from steertui import paths


def yank(app: App[object], text: str, warn: Callable[[str], None]) -> None:
    if not text:
        warn("there is no answer to copy yet")
        return
    app.copy_to_clipboard(text)
    places = ["offered to the terminal's clipboard"]
    if _tmux(text):
        places.append("in tmux's buffer")
    try:
        target = paths.state() / "yank.txt"
        target.write_text(text, encoding="utf-8")
        places.append(f"in {target}")
    except (OSError, SteerError) as error:
        places.append(f"not in a file ({error})")
    app.notify(f"{len(text)} characters: {', '.join(places)}", markup=False)


def _tmux(text: str) -> bool:
    if not os.environ.get("TMUX"):
        return False
    command = ["tmux", "load-buffer", "-w", "-"]
    try:
        return subprocess.run(command, input=text.encode(), capture_output=True, timeout=2).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
