"""Changes what the desk shows: tokens in colour, the strips, the unsteered panel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import UsageError

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def toggle_mixer_panel(desk: DeskScreen) -> None:
    desk.toggle_class("-no-rack")


def cycle_heat(desk: DeskScreen, next_channel: bool = False) -> None:
    """Switch to the next way of colouring tokens, or colour by the next channel."""
    names = [channel.label for channel in desk.mixer_panel.board.mixer.channels]
    if not names:
        raise UsageError("heat needs a channel: a adds a vector")
    desk.transcript_panel.cycle_heat(names, desk.mixer_panel.board.selected, next_channel)


def fold_thoughts(desk: DeskScreen) -> None:
    folded = desk.transcript.fold_thoughts()
    desk.notify("thoughts folded: only their length is shown" if folded else "thoughts shown", markup=False)


def cycle_unsteered_panel(desk: DeskScreen) -> None:
    desk.notify(desk.transcript_panel.shadow.cycle_mode(), markup=False)
