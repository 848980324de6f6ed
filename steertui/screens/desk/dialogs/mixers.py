"""F9: saved mixers. Loading one loads its vectors by hash and then sets the whole mixer at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.binding import Binding

from core.errors import BadInput, SteerError, UsageError
from sessions.state.vector_facts import mixer_of
from steertui import mixers
from steertui.screens.ask import Ask
from steertui.screens.desk.mixer.edits import replaced
from steertui.screens.pick import Choice, Pick

if TYPE_CHECKING:
    from steertui.screens.desk.screen import Desk

SAVE, GONE = "+", "\x7f"
"""What the name of no mixer begins with, nor a path that is typed."""
HINT = "enter loads · del deletes · type a file's path to load that · esc back"


class Presets(Pick):
    """The list of saved mixers; del deletes one."""

    CSS_PATH = "../dialogs.tcss"
    BINDINGS = [Binding("delete", "remove", "delete", priority=True)]

    def kept(self, text: str) -> list[Choice]:
        """The matches; without any, an offer to save under the typed name."""
        kept, name = super().kept(text), text.strip()
        savable = any(choice.key == SAVE for choice in self._choices)
        if kept or not savable or not _nameable(name):
            return kept
        return [Choice(f"{SAVE}{name}", f"save this mixer as {name}")]

    def action_remove(self) -> None:
        if self.marked and not self.marked.startswith(SAVE):
            self.dismiss(f"{GONE}{self.marked}")


def ask(desk: Desk) -> None:
    """Save the current mixer, or load a saved one."""
    saved = mixers.listed()
    now = Choice(SAVE, "save this mixer as …", "")
    choices = [Choice(each.name, each.name, each.problem or each.words) for each in saved]
    on_desk = [now] if desk.rack.board.mixer.channels else []

    def answered(name: str | None) -> None:
        if name == SAVE:
            save(desk)
        elif name and name.startswith(SAVE):
            _save(desk, name.removeprefix(SAVE))
        elif name and name.startswith(GONE):
            remove(desk, name.removeprefix(GONE))
        elif name:
            load(desk, name)

    desk.app.push_screen(
        Presets(
            "mixers",
            [*choices, *on_desk],
            free="type to filter, a new name, or the path of a file",
            hint=HINT,
            wide=True,
        ),
        answered,
    )


def _nameable(text: str) -> bool:
    """Whether the text is a valid name and not a file."""
    if text.endswith(mixers.SUFFIX) or Path(text).exists():
        return False
    try:
        mixers.valid_name(text)
    except SteerError:
        return False
    return True


def _free(text: str) -> str:
    """A name that is not in use; a final exclamation mark allows to replace a mixer."""
    name = mixers.valid_name(text.strip().removesuffix("!"))
    if not text.strip().endswith("!") and any(each.name == name for each in mixers.listed()):
        raise UsageError(f"there is a mixer {name} already: {name}! replaces it")
    return name


def save(desk: Desk) -> None:
    """Ask for a name and save; `--mix` takes the file."""

    def answered(name: str | None) -> None:
        if name is not None:
            _save(desk, name)

    desk.app.push_screen(
        Ask("save this mixer as", _free, "", "a name; steertui say --mix takes the file as well"),
        answered,
    )


def _save(desk: Desk, name: str) -> None:
    try:
        path = mixers.save(name, desk.rack.board.mixer, desk.link.sources)
    except SteerError as error:
        desk.warn(str(error))
        return
    desk.notify(f"saved: {path}", markup=False)


def remove(desk: Desk, name: str) -> None:
    try:
        mixers.remove(name)
    except SteerError as error:
        desk.warn(str(error))
    ask(desk)


def load(desk: Desk, wanted: str) -> None:
    desk.later(_load(desk, mixers.find(wanted)))


async def _load(desk: Desk, path: Path) -> None:
    """All or nothing: if a vector cannot be loaded, the mixer stays as it was."""
    try:
        state = mixers.read(path)
        for channel in state["channels"]:
            await _vector(desk, channel)
    except SteerError as error:
        desk.warn(str(error))
        return
    known = desk.link.state.vectors
    mixer = mixer_of(state, known, desk.rack.board.n_layers)
    desk.rack.attempt(lambda: replaced(desk.rack.board, mixer, f"mixer → {path.stem}"))


async def _vector(desk: Desk, channel: dict[str, Any]) -> None:
    """Load the vector of a channel unless the session has it already (by hash)."""
    name, sha = channel["name"], channel.get("sha256")
    loaded = desk.link.state.vectors
    if any(vector.sha256 == sha for vector in loaded.values()) or (sha is None and name in loaded):
        return
    own = f"{name}-{str(sha)[:6]}" if name in loaded else name
    reply = await _had(desk, own, [str(channel.get("source", name)), name])
    if sha not in (None, reply["sha256"]):
        raise BadInput(f"vector {name!r} is not the one this mixer was saved with (sha256 {str(sha)[:12]} …)")


async def _had(desk: Desk, name: str, places: list[str]) -> dict[str, Any]:
    """Load a vector from the first source that has it."""
    trouble = ""
    for place in dict.fromkeys(places):
        try:
            return await desk.link.demand("vector.load", source=place, name=name)
        except SteerError as error:
            trouble = trouble or str(error)
    raise BadInput(f"cannot load vector {name!r} of this mixer: {trouble}")
