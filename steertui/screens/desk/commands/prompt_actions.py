"""Goes to the prompt, edits it in the user's editor, and searches earlier prompts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from core.errors import SteerError
from steertui.screens.desk.dialogs.prompt import prompt_dialog
from steertui.terminal import editor

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def focus_prompt(desk: DeskScreen) -> None:
    desk.enter_type()


def edit_prompt(desk: DeskScreen) -> None:
    """Open the editor after the letters typed just before have reached the prompt."""
    # The callback goes through the queues of desk and prompt, behind the keys that wait there.
    desk.call_later(desk.prompt.call_later, desk.lag.run_after_reply, desk, partial(_open_editor, desk))


def _open_editor(desk: DeskScreen) -> None:
    """Edit the prompt in the user's own editor."""
    try:
        text = editor.edit_text(desk.app, desk.prompt.text)
    except SteerError as error:
        desk.warn(str(error))
        return
    _fill_prompt(desk, text)


def search_prompts(desk: DeskScreen) -> None:
    """Search earlier prompts of all sessions, newest first; enter puts one into the prompt."""
    desk.open_dialog(prompt_dialog(desk.prompt.earlier), partial(_fill_prompt, desk))


def _fill_prompt(desk: DeskScreen, text: str) -> None:
    desk.prompt.load_text(text)
    desk.enter_type()
