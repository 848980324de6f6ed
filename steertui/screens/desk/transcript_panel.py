"""The transcript panel: transcript, unsteered panel, token inspector and collapse lamp."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from sessions.journal import events as ev
from sessions.state.collapse import CollapseWatch, advise_scale
from sessions.state.loudness import push_size
from sessions.state.mixer_words import mixer_summary
from sessions.state.state import AnswerToken, SessionState
from steertui.screens.desk.unsteered_panel import UnsteeredPanel
from steertui.widgets.inspector.gauges import TokenGauges
from steertui.widgets.inspector.inspection import TokenInspection, inspect_token
from steertui.widgets.inspector.inspector import Inspector
from steertui.widgets.status.collapse_lamp import CollapseLamp
from steertui.widgets.transcript.document import TextPiece
from steertui.widgets.transcript.view import Transcript


class TranscriptPanel(Vertical):
    """`state` returns the current session state."""

    def __init__(self, state: Callable[[], SessionState], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._state = state
        self.gauges, self._ended = TokenGauges(), False
        self._watch = CollapseWatch()
        self._mixers: dict[str, Mapping[str, Any]] = {}
        self.transcript, self.shadow = Transcript(id="transcript"), UnsteeredPanel(id="shadow")
        self.inspector, self.lamp = Inspector(id="inspector"), CollapseLamp(id="lamp")

    def compose(self) -> ComposeResult:
        with Container(id="voices"):
            yield self.transcript
            yield self.shadow
        yield self.lamp
        yield self.inspector

    def apply_event(self, event: ev.Event) -> None:
        """Apply an event, and keep every mixer by the hash that tokens carry."""
        if isinstance(event, ev.MixerChanged):
            self._mixers[event.mix] = event.state
        self._ended = self._ended or isinstance(event, ev.AnswerStopped)
        self.shadow.apply_event(event)

    def reset(self) -> None:
        """Clear everything for another session."""
        self.shadow.clear()
        self.lamp.show((), None)
        self.gauges.clear()
        self.transcript.tint.readings.clear()

    def answers(self) -> list[Sequence[AnswerToken]]:
        """The tokens of every answer on the path to the newest turn."""
        return [turn.tokens for turn in self._state().path() if turn.gen is not None]

    def refresh_readings(self) -> None:
        """Update inspector and lamp after a frame with new measurements."""
        self.inspect_selected()
        answers = self.answers()
        # Drift is computed over whole answers, so once after each is enough.
        if self._ended:
            self._ended = False
            self.gauges.set_drift(answers)
        found = self._watch.find_signs(self._state().path())
        advised = advise_scale(answers, self._mixers, push_size(self._state())) if found else None
        self.lamp.show(found, advised)

    def cycle_heat(self, channels: Sequence[str], selected: int, next_channel: bool) -> None:
        """Switch to the next way of colouring tokens, or colour by the next channel."""
        if next_channel:
            self.transcript.next_heat_channel(channels)
        else:
            self.transcript.next_heat(channels, selected)

    # The token under the cursor ------------------------------------------------------------------------------------

    @property
    def selected_piece(self) -> TextPiece | None:
        return self.transcript.pen.pointed

    @on(Transcript.Pointed, "#transcript")
    def inspect_selected(self) -> None:
        """Show the selected token; its projections arrive after it."""
        pen = self.transcript.pen
        self.inspector.show(self._inspection(pen.pointed), self._inspection(pen.pinned))

    @on(Transcript.Pinned, "#transcript")
    def toggle_pin(self) -> None:
        """Pin the selected token in the inspector, or unpin it."""
        pen = self.transcript.pen
        self.transcript.pin(None if pen.pinned is pen.pointed else pen.pointed)
        self.inspect_selected()

    def release_selection(self) -> bool:
        """Clear selection and pin; False if there was neither."""
        pen = self.transcript.pen
        if pen.pointed is None and pen.pinned is None:
            return False
        self.transcript.pin(None)
        self.transcript.point(None)
        return True

    def _inspection(self, piece: TextPiece | None) -> TokenInspection | None:
        if piece is None:
            return None
        readings = self.transcript.tint.readings
        mixers = {mix: mixer_summary(state) for mix, state in self._mixers.items()}
        return inspect_token(
            self._state(), piece.turn, piece.index, mixers, lambda name, p: readings[name].sigmas(p)
        )
