"""A long text in the user's own editor: the screen steps aside, and takes the text back when the editor is left."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported

from core.errors import UsageError
from steertui import paths

FALLBACK = "vi"


def edited(app: App[object], text: str) -> str:
    """The text as the editor left it; refused with a sentence where there is no editor to be had."""
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or FALLBACK)
    with tempfile.TemporaryDirectory(dir=paths.state()) as folder:
        file = Path(folder) / "prompt.md"
        file.write_text(text, "utf-8", errors="replace")
        try:
            with app.suspend():
                ended = subprocess.run([*command, str(file)], check=False).returncode
        except SuspendNotSupported:
            raise UsageError("the screen cannot step aside here, so there is no way to an editor") from None
        except OSError as error:
            raise UsageError(
                f"cannot run {command[0]!r} ({error.strerror}): set EDITOR to an editor"
            ) from None
        if ended:
            raise UsageError(f"{command[0]} ended with {ended}: the prompt stays as it was")
        return file.read_text("utf-8", errors="replace").rstrip("\n")
