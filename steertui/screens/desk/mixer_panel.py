"""The mixer panel: strips, fader bank and meters of one board. Edits are made here; the desk sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from core.errors import SteerError
from core.mixer.mixer import Mixer
from steertui.screens.desk.mixer import edits as hands
from steertui.screens.desk.mixer.edits import MixerBoard, MixerEdit
from steertui.screens.desk.mixer.history import EditHistory
from steertui.widgets.inspector.projection_meters import Meters
from steertui.widgets.mixer.bank import FaderBank
from steertui.widgets.mixer.dial import STEPS, layers_of
from steertui.widgets.mixer.strips import Strips


class MixerPanel(Vertical):
    """Holds the board; every edit by the user is posted as `Edited`."""

    @dataclass
    class Edited(Message):
        """The mixer on the board is what the user now wants; `words` tell the change."""

        words: str

    @dataclass
    class Refused(Message):
        """What a hand tried cannot be meant."""

        reason: str

    class AddPressed(Message):
        """The empty place under the last strip was clicked."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.board, self.history = MixerBoard(), EditHistory()
        self.strips, self.bank, self.meters = Strips(id="strips"), FaderBank(id="bank"), Meters(id="meters")

    def compose(self) -> ComposeResult:
        yield self.strips
        yield self.bank
        yield self.meters

    def on_mount(self) -> None:
        for widget in (self.strips, self.bank, self.meters):
            widget.border_title = widget.id
        self.show_board()

    def set_compact(self, compact: bool) -> None:
        """Use one line per widget on a narrow screen."""
        self.strips.compact = self.bank.compact = compact
        self.show_board()

    # What is known ---------------------------------------------------------------------------------------------

    def set_model(self, facts: Mapping[str, Any]) -> None:
        """Set depth and residual norms of a loaded model."""
        residual = {int(layer): float(norm) for layer, norm in facts.get("residual_norms", {}).items()}
        self.board = replace(self.board, n_layers=int(facts.get("n_layers", 0)), residual=residual)
        self.show_board()

    def load_mixer(self, mixer: Mixer, *, moved: bool = False) -> None:
        """Show a mixer from the engine. `moved`: another client changed it, which can be undone here."""
        if moved and self.board.mixer.channels:
            # No kind: a change by another client is never merged with an edit made here.
            self.history = self.history.record_edit(self.board.mixer, "", monotonic())
        self.board = self.board.with_mixer(mixer)
        self.show_board()

    def show_board(self) -> None:
        board = self.board
        self._set_usual_ranges()
        self.strips.show(board.mixer, board.selected, board.n_layers, board.residual)
        self.bank.show(board.current, board.n_layers, board.residual)
        self.bank.border_title = f"bank · strip {board.selected + 1}" if board.current else "bank"
        self._show_projections()

    def _set_usual_ranges(self) -> None:
        """Set the range of ordinary text for each meter, at the top layer of its band."""
        for channel in self.board.mixer.channels:
            layers = layers_of(channel, self.board.n_layers)
            usual = getattr(channel.vector, "usual", {})
            self.strips.readings[channel.label].usual = usual.get(layers[-1]) if layers else None

    def show_meters(self) -> None:
        """Repaint meters and strips with new measurements."""
        self._show_projections()
        self.strips.redraw()

    def _show_projections(self) -> None:
        names = [channel.label for channel in self.board.mixer.channels]
        self.meters.show(names, self.board.selected, self.strips.readings)

    # What hands do ---------------------------------------------------------------------------------------------

    def try_edit(self, change: Any, kind: str = "") -> bool:
        """Make one edit; False if it was rejected or changed nothing. `kind`: see
        `EditHistory.record_edit`.
        """
        try:
            edit: MixerEdit | None = change()
        except SteerError as error:
            self.post_message(self.Refused(str(error)))
            return False
        if edit is None:
            return False
        # The strip is part of the kind, so that edits of two strips are undone apart.
        self.history = self.history.record_edit(
            self.board.mixer, kind and f"{kind} {edit.board.selected}", monotonic()
        )
        self.board = edit.board
        self.show_board()
        self.post_message(self.Edited(edit.words))
        return True

    def undo(self) -> None:
        self._restore_mixer(self.history.undo(self.board.mixer), "undo")

    def redo(self) -> None:
        self._restore_mixer(self.history.redo(self.board.mixer), "redo")

    def _restore_mixer(self, found: tuple[Mixer, EditHistory] | None, word: str) -> None:
        if found is None:
            self.post_message(self.Refused(f"there is nothing to {word}"))
            return
        before, (mixer, self.history) = self.board, found
        self.board = before.with_mixer(mixer)
        words = MixerEdit.between(before, self.board).words
        self.show_board()
        self.post_message(self.Edited(f"{word}: {words}"))

    def toggle_cap(self) -> bool:
        """False if there is no cap to turn on."""
        return self.board.current is not None and self.try_edit(lambda: hands.toggle_cap(self.board))

    def select(self, place: int) -> None:
        if place < len(self.board.mixer.channels):
            self.board = self.board.select(place)
            self.show_board()

    def move_bank_cursor(self, change: int) -> None:
        self.bank.move(change)

    def move_fader(self, direction: int, coarse: bool) -> None:
        """Move the selected fader by one step of the unit."""
        self.try_edit(
            lambda: hands.set_layer_scale(
                self.board, self.bank.cursor, self._stepped_value(direction, coarse)
            ),
            "draw",
        )

    def _stepped_value(self, direction: int, coarse: bool) -> float:
        step = STEPS[self.board.channel.unit][coarse]
        # Rounded, because repeated steps would add up the error of floats.
        return round(self.bank.value() + direction * step, 6)

    @on(Strips.Selected)
    def _selected(self, message: Strips.Selected) -> None:
        self.select(message.index)

    @on(Strips.Scaled)
    def _scaled(self, message: Strips.Scaled) -> None:
        self.try_edit(lambda: hands.set_scale(self.board.select(message.index), message.shown), "drag")

    @on(Strips.Turned)
    def _turned(self, message: Strips.Turned) -> None:
        self.try_edit(
            lambda: hands.step_channel_scale(self.board.select(message.index), message.direction, False),
            "wheel",
        )

    @on(Strips.AddPressed)
    def _add(self) -> None:
        self.post_message(self.AddPressed())

    @on(FaderBank.Drawn)
    def _drawn(self, message: FaderBank.Drawn) -> None:
        self.try_edit(lambda: hands.set_layer_scale(self.board, message.layer, message.value), "paint")
