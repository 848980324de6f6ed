"""The two key modes. In TYPE the prompt has the focus; in PLAY single keys control the desk.

If PLAY was entered automatically (an answer began and the prompt was empty), it is left automatically
when the answer ends, unless a key is pressed after the answer. PLAY chosen by the user stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

LINGER_S = 0.8
"""How long PLAY stays after an answer, so that a late key does not end up in the prompt."""


class KeyModes:
    """The current mode, and whether it was entered automatically."""

    def __init__(self, desk: DeskScreen) -> None:
        self._desk = desk
        self._by_itself = False

    @property
    def name(self) -> str:
        return "TYPE" if self._desk.focused is self._desk.prompt else "PLAY"

    def enter_type(self) -> None:
        self._by_itself = False
        self._desk.prompt.focus()

    def enter_play(self) -> None:
        self._desk.transcript.focus()

    def on_answer_start(self) -> None:
        if self.name == "TYPE" and not self._desk.prompt.text:
            self._by_itself = True
            self.enter_play()

    def on_answer_end(self) -> None:
        self._desk.set_timer(LINGER_S, self._return_to_type)

    def _return_to_type(self) -> None:
        """Return to TYPE if PLAY was automatic, no dialog is open and no answer runs."""
        desk = self._desk
        if self._by_itself and self.name == "PLAY" and desk.is_current and not desk.link.state.running:
            self.enter_type()

    def on_desk_key(self, event: events.Key) -> None:
        """A bound key keeps PLAY; an unbound letter shows a hint, as it may have been meant for the
        prompt.
        """
        if self.name == "TYPE":
            return
        if event.key in self._desk.active_bindings:
            self._by_itself = self._by_itself and self._desk.link.state.running is not None
        elif event.is_printable:
            said = f"{event.character} is not a PLAY key: ? shows the map, i goes to the prompt"
            self._desk.notify(said, timeout=3, markup=False)
