"""What a key does at once, without asking: one line each, by the name that its command carries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from core.errors import SteerError
from steertui import editor
from steertui.screens.desk import distractors, rewind, slash
from steertui.screens.desk.yank import yank

if TYPE_CHECKING:
    from steertui.screens.desk.screen import Desk


def obey(desk: Desk, line: str) -> None:
    """A line that began with a slash; what it cannot mean comes back with the reason."""
    try:
        slash.obey(desk, line)
    except SteerError as error:
        desk.warn(str(error))
        desk.prompt.load_text(line)


def edit_prompt(desk: Desk) -> None:
    """The prompt in the user's own editor."""
    try:
        text = editor.edited(desk.app, desk.prompt.text)
    except SteerError as error:
        desk.warn(str(error))
        return
    desk.prompt.load_text(text)
    desk.modes.type()


def restart(desk: Desk) -> None:
    """Only a lost engine is started again; else the key searches what was said before."""
    if desk.link.up:
        desk.action_open("search")
    else:
        desk.link.forget()
        desk.listen()


def copy(desk: Desk) -> None:
    yank(desk.app, desk.transcript.document.last_answer(), desk.warn)


def toggle_rack(desk: Desk) -> None:
    desk.toggle_class("-no-rack")


def new_session(desk: Desk) -> None:
    desk.ask("session.new")


def take_control(desk: Desk) -> None:
    desk.ask("take_control")


DEEDS: Mapping[str, Callable[[Desk], None]] = {
    "again": lambda desk: desk.talk.again(),
    "again_otherwise": lambda desk: desk.talk.again(new_seed=True),
    "edit": lambda desk: desk.talk.edit(),
    "next_branch": lambda desk: desk.talk.step(+1),
    "previous_branch": lambda desk: desk.talk.step(-1),
    "rewind": rewind.again,
    "distract": distractors.again,
    "undo": lambda desk: desk.rack.undo(),
    "redo": lambda desk: desk.rack.redo(),
    "restart": restart,
    "yank": copy,
    "toggle_rack": toggle_rack,
    "new_session": new_session,
    "take_control": take_control,
    "edit_prompt": edit_prompt,
    "shadow": lambda desk: desk.notify(desk.page.shadow.next(), markup=False),
    "tempo": lambda desk: desk.talk.next_tempo(),
}
