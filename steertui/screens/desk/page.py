"""The page: what is said, and what is known of the token under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from sessions import events as ev
from sessions.desk import summary
from sessions.state import State
from steertui.widgets.inspection import Inspection, inspect
from steertui.widgets.inspector import Inspector
from steertui.widgets.transcript.document import Piece
from steertui.widgets.transcript.view import Transcript


class Page(Vertical):
    """`state` gives the session as it is known by now."""

    def __init__(self, state: Callable[[], State], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._state = state
        self._mixers: dict[str, str] = {}
        self.transcript, self.inspector = Transcript(id="transcript"), Inspector(id="inspector")

    def compose(self) -> ComposeResult:
        yield self.transcript
        yield self.inspector

    def take(self, event: ev.Event) -> None:
        """Remembers every mixer by the hash that tokens are stamped with."""
        if isinstance(event, ev.Mixer):
            self._mixers[event.mix] = summary(event.state)

    @property
    def pointed(self) -> Piece | None:
        return self.transcript.pen.pointed

    def heat(self, channels: Sequence[str], selected: int, next_channel: bool) -> None:
        """The next way to colour tokens, or the next channel to colour them by."""
        if next_channel:
            self.transcript.next_heat_channel(channels)
        else:
            self.transcript.next_heat(channels, selected)

    @on(Transcript.Pointed)
    def look(self) -> None:
        """Show the token under the cursor as it is known now: its projections come a pass after it."""
        pen = self.transcript.pen
        self.inspector.show(self._seen(pen.pointed), self._seen(pen.pinned))

    @on(Transcript.Pinned)
    def pin(self) -> None:
        """The token under the cursor stays under the glass while the cursor walks on; again lets it go."""
        pen = self.transcript.pen
        self.transcript.pin(None if pen.pinned is pen.pointed else pen.pointed)
        self.look()

    def release(self) -> bool:
        """Take the cursor and the glass away; False when there was neither."""
        pen = self.transcript.pen
        if pen.pointed is None and pen.pinned is None:
            return False
        self.transcript.pin(None)
        self.transcript.point(None)
        return True

    def _seen(self, piece: Piece | None) -> Inspection | None:
        if piece is None:
            return None
        readings = self.transcript.tint.readings
        return inspect(
            self._state(), piece.turn, piece.index, self._mixers, lambda name, p: readings[name].sigmas(p)
        )
