"""Writes to the terminal behind the app, and whether it can answer.

Textual 8.2.8 keeps the driver private (`App._driver`); writing past it would mix with its own output.
"""

from __future__ import annotations

from textual.app import App


def can_reply(app: App[None]) -> bool:
    """Whether the terminal's replies reach the app: its input is a terminal."""
    return bool(getattr(app._driver, "input_tty", False))


def write_control(app: App[None], sequence: str) -> bool:
    """Write a control sequence; False if there is no terminal."""
    if not app._driver:
        return False
    app._driver.write(sequence)
    return True
