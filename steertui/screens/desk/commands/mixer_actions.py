"""Saves, loads and deletes whole mixers. Loading one loads its vectors by hash and then sets it at once."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import BadInput, SteerError
from sessions.state.vector_facts import VectorFacts, rebuild_mixer
from steertui import mixers
from steertui.mixer_lines import MixerLine
from steertui.screens.desk.dialogs.mixers import mixer_dialog, name_dialog, read_mixer_choice
from steertui.screens.desk.mixer.edits import load_preset, set_mixer

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def open_mixer_dialog(desk: DeskScreen) -> None:
    """Save the current mixer, or load or delete a saved one."""

    def act(key: str) -> None:
        choice = read_mixer_choice(key)
        if choice.verb == "remove":
            remove_mixer(desk, choice.name)
        elif choice.verb == "load":
            load_mixer(desk, choice.name)
        elif choice.name:
            _save_mixer(desk, choice.name)
        else:
            desk.open_dialog(name_dialog(), partial(_save_mixer, desk))

    desk.open_dialog(mixer_dialog(savable=bool(desk.mixer_panel.board.mixer.channels)), act)


def _save_mixer(desk: DeskScreen, name: str) -> None:
    try:
        path = mixers.save(name, desk.mixer_panel.board.mixer, desk.link.sources)
    except SteerError as error:
        desk.warn(str(error))
        return
    desk.notify(f"saved: {path}", markup=False)


def remove_mixer(desk: DeskScreen, name: str) -> None:
    """Delete a saved mixer and show the rest."""
    try:
        mixers.remove(name)
    except SteerError as error:
        desk.warn(str(error))
    open_mixer_dialog(desk)


def load_mixer(desk: DeskScreen, wanted: str) -> None:
    desk.run_async(_load_mixer(desk, mixers.find(wanted)))


async def _load_mixer(desk: DeskScreen, path: Path) -> None:
    """All or nothing: if a vector cannot be loaded, the mixer stays as it was."""
    try:
        state = mixers.read(path)
        for channel in state["channels"]:
            await _ensure_vector(desk, channel)
    except SteerError as error:
        desk.warn(str(error))
        return
    # Read only now: it holds the vectors that have just been loaded.
    known = desk.link.state.vectors
    mixer = rebuild_mixer(state, known, desk.mixer_panel.board.n_layers)
    desk.mixer_panel.try_edit(lambda: load_preset(desk.mixer_panel.board, mixer, path.stem))


def copy_line(desk: DeskScreen) -> None:
    """Copy the mixer as one line, exactly; it can be typed after /mix and --mix."""
    desk.app.copy_to_clipboard(str(desk.mixer_panel.board.mixer))


def play_line(desk: DeskScreen, text: str) -> None:
    """Replace the mixer by the one of a line; a wrong line raises before anything is loaded."""
    line = MixerLine.read(text, desk.link.state.vectors.values())
    desk.run_async(_play_line(desk, line))


async def _play_line(desk: DeskScreen, line: MixerLine) -> None:
    """All or nothing, as a saved mixer."""
    try:
        loaded = {sha: await _load_facts(desk, sha, source) for sha, source in line.sources.items()}
        mixer = line.build(loaded)
    except SteerError as error:
        desk.warn(str(error))
        return
    desk.mixer_panel.try_edit(lambda: set_mixer(desk.mixer_panel.board, mixer))


async def _load_facts(desk: DeskScreen, sha: str, source: str) -> VectorFacts:
    """What the engine knows of a vector, which is loaded unless the session holds its content already."""
    held = [vector for vector in desk.link.state.vectors.values() if vector.sha256 == sha]
    if held:
        return VectorFacts.from_event(held[0])
    name = (await desk.link.request_or_raise("vector.load", source=source))["name"]
    return VectorFacts.from_event(desk.link.state.vectors[name])


async def _ensure_vector(desk: DeskScreen, channel: dict[str, Any]) -> None:
    """Load the vector of a channel unless the session has it already (by hash)."""
    name, sha = channel["name"], channel.get("sha256")
    loaded = desk.link.state.vectors
    if any(vector.sha256 == sha for vector in loaded.values()) or (sha is None and name in loaded):
        return
    # Another vector has the name already; part of the hash keeps the two apart.
    own = f"{name}-{str(sha)[:6]}" if name in loaded else name
    reply = await _load_vector(desk, own, [str(channel.get("source", name)), name])
    # The name or the source may stand for another vector by now.
    if sha not in (None, reply["sha256"]):
        raise BadInput(f"vector {name!r} is not the one this mixer was saved with (sha256 {str(sha)[:12]} …)")


async def _load_vector(desk: DeskScreen, name: str, places: list[str]) -> dict[str, Any]:
    """Load a vector from the first source that has it."""
    trouble = ""
    # Source and name may be the same; a dict keeps the order and drops the second.
    for place in dict.fromkeys(places):
        try:
            return await desk.link.request_or_raise("vector.load", source=place, name=name)
        except SteerError as error:
            # The first error is the one of the recorded source.
            trouble = trouble or str(error)
    raise BadInput(f"cannot load vector {name!r} of this mixer: {trouble}")
