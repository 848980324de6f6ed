"""Copies a text to the clipboard, or warns if there is none."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import App


def copy_or_warn(app: App[object], text: str, warn: Callable[[str], None]) -> None:
    """Copy a text; the app notifies the user where it was put."""
    if text:
        app.copy_to_clipboard(text)
    else:
        warn("there is no answer to copy yet")
