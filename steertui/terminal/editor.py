"""Editing a long text in the user's own editor while the app is suspended."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported

from core.errors import UsageError
from core.files import MEBI, read_utf8
from steertui import paths

FALLBACK = "vi"
LARGEST = 64 * MEBI


def edit_text(app: App[object], text: str) -> str:
    """Open a text in the editor and return it as it was saved; raises if no editor can be run."""
    # The variable may hold arguments, such as `code --wait`.
    command = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or FALLBACK)
    with tempfile.TemporaryDirectory(dir=paths.state_folder()) as folder:
        file = Path(folder) / "prompt.md"
        file.write_text(text, "utf-8", errors="replace")
        try:
            with app.suspend():
                ended = subprocess.run([*command, str(file)], check=False).returncode
        except SuspendNotSupported:
            raise UsageError("the app cannot be suspended here, so no editor can be opened") from None
        except OSError as error:
            raise UsageError(
                f"cannot run {command[0]!r} ({error.strerror}): set EDITOR to an editor"
            ) from None
        # Many editors can exit with an error on purpose, to discard the text.
        if ended:
            raise UsageError(f"{command[0]} ended with {ended}: the prompt stays as it was")
        return read_utf8(file, LARGEST, errors="replace").rstrip("\n")
