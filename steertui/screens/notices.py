"""Toasts of a screen: its own errors, and the notices that its parts post."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message
from textual.message_pump import MessagePump
from textual.notifications import SeverityLevel

from steertui.text import safe_text

ERROR_S = 8.0
"""How long an error stays."""


@dataclass
class ScreenNotice(Message):
    """A sentence for the user."""

    sentence: str
    severity: SeverityLevel = "information"
    timeout: float | None = None


class ShowsNotices(MessagePump):
    """For screens and widgets: `warn` shows an error; notices posted by their parts are shown as well."""

    def warn(self, sentence: str) -> None:
        self.app.notify(safe_text(sentence), severity="error", markup=False, timeout=ERROR_S)

    def on_screen_notice(self, notice: ScreenNotice) -> None:
        # It would go on to the app, which shows notices as well.
        notice.stop()
        self.app.notify(
            safe_text(notice.sentence), severity=notice.severity, markup=False, timeout=notice.timeout
        )
