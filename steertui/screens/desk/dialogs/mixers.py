"""F9: saved mixers. Loading one loads its vectors by hash and then sets the whole mixer at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.binding import Binding

from core.errors import BadInput, SteerError, UsageError
from sessions.state.vector_facts import rebuild_mixer
from steertui import mixers
from steertui.screens.ask import InputDialog
from steertui.screens.desk.mixer.edits import replace_mixer
from steertui.screens.pick import ChoiceDialog
from steertui.widgets.choices import Choice

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

SAVE, GONE = "+", "\x7f"
"""What the name of no mixer begins with, nor a path that is typed."""
HINT = "enter loads · del deletes · type a file's path to load that · esc back"


class SavedMixersDialog(ChoiceDialog):
    """The list of saved mixers; del deletes one."""

    CSS_PATH = "../../dialogs.tcss"
    BINDINGS = [Binding("delete", "remove", "delete", priority=True)]

    def matching_choices(self, text: str) -> list[Choice]:
        """The matches; without any, an offer to save under the typed name."""
        kept, name = super().matching_choices(text), text.strip()
        savable = any(choice.key == SAVE for choice in self._choices)
        if kept or not savable or not _is_mixer_name(name):
            return kept
        return [Choice(f"{SAVE}{name}", f"save this mixer as {name}")]

    def action_remove(self) -> None:
        if self.selected_key and not self.selected_key.startswith(SAVE):
            self.dismiss(f"{GONE}{self.selected_key}")


def open_mixer_dialog(desk: DeskScreen) -> None:
    """Save the current mixer, or load a saved one."""
    saved = mixers.list_mixers()
    now = Choice(SAVE, "save this mixer as …", "")
    choices = [Choice(each.name, each.name, each.problem or each.words) for each in saved]
    on_desk = [now] if desk.mixer_panel.board.mixer.channels else []

    def answered(name: str | None) -> None:
        if name == SAVE:
            save_mixer(desk)
        elif name and name.startswith(SAVE):
            _save_mixer(desk, name.removeprefix(SAVE))
        elif name and name.startswith(GONE):
            remove_mixer(desk, name.removeprefix(GONE))
        elif name:
            load_mixer(desk, name)

    desk.app.push_screen(
        SavedMixersDialog(
            "mixers",
            [*choices, *on_desk],
            free="type to filter, a new name, or the path of a file",
            hint=HINT,
            wide=True,
        ),
        answered,
    )


def _is_mixer_name(text: str) -> bool:
    """Whether the text is a valid name and not a file."""
    if text.endswith(mixers.SUFFIX) or Path(text).exists():
        return False
    try:
        mixers.valid_name(text)
    except SteerError:
        return False
    return True


def _check_free_name(text: str) -> str:
    """A name that is not in use; a final exclamation mark allows to replace a mixer."""
    name = mixers.valid_name(text.strip().removesuffix("!"))
    if not text.strip().endswith("!") and any(each.name == name for each in mixers.list_mixers()):
        raise UsageError(f"there is a mixer {name} already: {name}! replaces it")
    return name


def save_mixer(desk: DeskScreen) -> None:
    """Ask for a name and save; `--mix` takes the file."""

    def answered(name: str | None) -> None:
        if name is not None:
            _save_mixer(desk, name)

    desk.app.push_screen(
        InputDialog(
            "save this mixer as", _check_free_name, "", "a name; steertui say --mix takes the file as well"
        ),
        answered,
    )


def _save_mixer(desk: DeskScreen, name: str) -> None:
    try:
        path = mixers.save(name, desk.mixer_panel.board.mixer, desk.link.sources)
    except SteerError as error:
        desk.warn(str(error))
        return
    desk.notify(f"saved: {path}", markup=False)


def remove_mixer(desk: DeskScreen, name: str) -> None:
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
    known = desk.link.state.vectors
    mixer = rebuild_mixer(state, known, desk.mixer_panel.board.n_layers)
    desk.mixer_panel.try_edit(lambda: replace_mixer(desk.mixer_panel.board, mixer, f"mixer → {path.stem}"))


async def _ensure_vector(desk: DeskScreen, channel: dict[str, Any]) -> None:
    """Load the vector of a channel unless the session has it already (by hash)."""
    name, sha = channel["name"], channel.get("sha256")
    loaded = desk.link.state.vectors
    if any(vector.sha256 == sha for vector in loaded.values()) or (sha is None and name in loaded):
        return
    own = f"{name}-{str(sha)[:6]}" if name in loaded else name
    reply = await _load_vector(desk, own, [str(channel.get("source", name)), name])
    if sha not in (None, reply["sha256"]):
        raise BadInput(f"vector {name!r} is not the one this mixer was saved with (sha256 {str(sha)[:12]} …)")


async def _load_vector(desk: DeskScreen, name: str, places: list[str]) -> dict[str, Any]:
    """Load a vector from the first source that has it."""
    trouble = ""
    for place in dict.fromkeys(places):
        try:
            return await desk.link.request_or_raise("vector.load", source=place, name=name)
        except SteerError as error:
            trouble = trouble or str(error)
    raise BadInput(f"cannot load vector {name!r} of this mixer: {trouble}")
