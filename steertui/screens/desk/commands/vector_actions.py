"""Adds a vector to the mixer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessions.state.vector_facts import VectorFacts
from steertui.mixer_options import ChannelSpec, build_mixer
from steertui.screens.desk.dialogs.add_vector import vector_dialog
from steertui.screens.desk.mixer import edits
from steertui.screens.desk.mixer.edits import MixerEdit

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def open_vector_dialog(desk: DeskScreen) -> None:
    """Choose a vector from the library and add a strip for it."""
    loaded = {channel.label for channel in desk.mixer_panel.board.mixer.channels}
    dialog = vector_dialog(loaded, desk.link.state.model)
    desk.open_dialog(dialog, lambda source: desk.run_async(add_vector_strip(desk, source)))


async def add_vector_strip(desk: DeskScreen, source: str) -> None:
    """Load a vector in the engine and add a strip for it at the dose its card suggests."""
    await add_channel_strip(desk, ChannelSpec(source))


async def add_channel_strip(desk: DeskScreen, spec: ChannelSpec) -> None:
    """The same with the scale and the layers of a `VECTOR:SCALE@LAYERS`."""
    reply = await desk.link.request("vector.load", source=spec.vector)
    if reply is None:
        return
    name, panel = reply["name"], desk.mixer_panel
    if any(channel.label == name for channel in panel.board.mixer.channels):
        desk.warn(f"{name} has a strip already")
        return
    # Events are folded before the reply, so the vector is in the state by now.
    known = VectorFacts.from_event(desk.link.state.vectors[name])

    def add_channel() -> MixerEdit:
        (channel,) = build_mixer([spec], lambda source: known, panel.board.n_layers).channels
        return edits.add_channel(panel.board, channel)

    panel.try_edit(add_channel)
