"""Copying an answer, a message or a command line: what there is of it, or a word about why there is nothing."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import App


def yank(app: App[object], text: str, warn: Callable[[str], None]) -> None:
    """The app's clipboard says where it went."""
    if text:
        app.copy_to_clipboard(text)
    else:
        warn("there is no answer to copy yet")
