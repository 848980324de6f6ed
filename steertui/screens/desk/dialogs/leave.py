"""The dialog that asks whether to detach or to shut the engine down, and what is printed afterwards."""

from __future__ import annotations

from steertui.screens.pick import ChoiceDialog
from steertui.widgets.choices import Choice

DETACH, SHUTDOWN = "detach", "shutdown"
LEAVE = (
    Choice(DETACH, "detach", "the engine goes on; steertui attach"),
    Choice(SHUTDOWN, "shut down", "the engine stops, the session is kept"),
    Choice("stay", "stay", ""),
)
LEAVE_BOTH = (Choice(SHUTDOWN, "leave", "the engine ends with the screen, the session is kept"), LEAVE[-1])
"""For `--inline`, where engine and screen are one process."""
GOES_ON = "The engine goes on: steertui attach brings you back."
KEPT = "The engine has stopped. Session {} is kept: F5 in the app, or steertui sessions."


def leave_dialog(*, inline: bool) -> ChoiceDialog:
    return ChoiceDialog("leave the desk", LEAVE_BOTH if inline else LEAVE, filtered=False)


def leave_message(*, stopped: bool, connected: bool, kept_session: str) -> str:
    """The message printed after the screen has closed; empty if the engine was already lost."""
    if not stopped:
        return GOES_ON if connected else ""
    return KEPT.format(kept_session[-6:]) if kept_session else "The engine has stopped."
