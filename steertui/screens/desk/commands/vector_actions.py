"""Adds a vector to the mixer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.mixer.mixer import Channel
from sessions.state.vector_facts import VectorFacts
from steertui.screens.desk.dialogs.add_vector import vector_dialog
from steertui.screens.desk.mixer import edits

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def open_vector_dialog(desk: DeskScreen) -> None:
    """Choose a vector from the library and add a strip for it."""
    loaded = {channel.label for channel in desk.mixer_panel.board.mixer.channels}
    desk.open_dialog(vector_dialog(loaded), lambda source: desk.run_async(add_vector_strip(desk, source)))


async def add_vector_strip(desk: DeskScreen, source: str) -> None:
    """Load a vector in the engine and add a strip for it."""
    reply = await desk.link.request("vector.load", source=source)
    if reply is None:
        return
    name, panel = reply["name"], desk.mixer_panel
    if any(channel.label == name for channel in panel.board.mixer.channels):
        desk.warn(f"{name} has a strip already")
        return
    known = VectorFacts.from_event(desk.link.state.vectors[name])
    panel.try_edit(lambda: edits.add_channel(panel.board, Channel.suggested(known)))
