"""TYPE and PLAY. TYPE is where the prompt has the focus; everywhere else single keys play the desk.

PLAY that came by itself, because an answer began and the prompt was empty, goes by itself when the answer is over,
whatever was played in it. A key after the answer keeps it: that hand is not done. PLAY that was asked for stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from steertui.screens.desk.screen import Desk

LINGER_S = 0.8
"""How long PLAY stays after an answer: a key meant for its last word must not end up in the prompt."""


class Modes:
    """Which of the two it is, and why."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._by_itself = False

    @property
    def name(self) -> str:
        return "TYPE" if self._desk.focused is self._desk.prompt else "PLAY"

    def type(self) -> None:
        self._by_itself = False
        self._desk.prompt.focus()

    def play(self) -> None:
        self._desk.transcript.focus()

    def answer_begins(self) -> None:
        if self.name == "TYPE" and not self._desk.prompt.text:
            self._by_itself = True
            self.play()

    def answer_ends(self) -> None:
        self._desk.set_timer(LINGER_S, self._back)

    def _back(self) -> None:
        """To where the mode came from; not while a dialog is open or the next answer has begun."""
        desk = self._desk
        if self._by_itself and self.name == "PLAY" and desk.is_current and not desk.link.state.running:
            self.type()

    def key(self, event: events.Key) -> None:
        """A key that does something is playing; a letter that does nothing may have been meant for the prompt."""
        if self.name == "TYPE":
            return
        if event.key in self._desk.active_bindings:
            self._by_itself = self._by_itself and self._desk.link.state.running is not None
        elif event.is_printable:
            said = f"{event.character} is not a PLAY key: ? shows the map, i goes to the prompt"
            self._desk.notify(said, timeout=3, markup=False)
