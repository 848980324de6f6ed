"""The two key modes. In TYPE the prompt has the focus; in PLAY single keys control the desk.

If PLAY was entered automatically (an answer began and the prompt was empty), it is left automatically
when the answer ends, unless the user has pressed a PLAY key or clicked meanwhile: the next key is then meant
for PLAY as well. PLAY chosen by the user stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import events
from textual.message import Message

from steertui.screens.notices import ScreenNotice

TYPE, PLAY = "TYPE", "PLAY"
LINGER_S = 0.8
"""How long PLAY stays after an answer, so that a late key does not end up in the prompt."""


class KeyModes:
    """Decides when the mode changes by itself; `post` sends a message to the screen, which changes it."""

    @dataclass
    class Entered(Message):
        """The mode that the desk is to enter now."""

        mode: str

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._automatic = False

    @property
    def is_automatic(self) -> bool:
        """Whether PLAY was entered automatically and has not been used."""
        return self._automatic

    def choose_type(self) -> None:
        """The user, or the end of an automatic PLAY, has entered TYPE."""
        self._automatic = False

    def keep_play(self) -> None:
        """The user has used PLAY, so that it stays until they leave it."""
        self._automatic = False

    def on_answer_start(self, mode: str, prompt: str) -> None:
        """Enter PLAY, unless something is being typed."""
        if mode == TYPE and not prompt:
            self._automatic = True
            self._post(self.Entered(PLAY))

    def return_to_type(self, mode: str, *, free: bool) -> None:
        """Return to TYPE if PLAY was automatic; `free`: no dialog is open and no answer runs."""
        if self._automatic and mode == PLAY and free:
            self._post(self.Entered(TYPE))

    def on_play_key(self, event: events.Key, *, bound: bool) -> None:
        """A bound key keeps PLAY; an unbound letter shows a hint, as it may have been meant for the
        prompt.
        """
        if bound:
            self.keep_play()
        elif event.is_printable:
            said = f"{event.character} is not a PLAY key: ? shows the map, i goes to the prompt"
            self._post(ScreenNotice(said, timeout=3))
