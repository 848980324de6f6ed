"""Stops, repeats, edits and copies answers, and sets how the next ones are generated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.errors import SteerError
from steertui.screens.copy_text import copy_or_warn
from steertui.screens.desk.commands.engine_actions import open_leave_dialog
from steertui.screens.desk.dialogs.sampling_form import sampling_form, settings_from_form
from steertui.screens.desk.next_sampling import save_default_sampling

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def stop_answer(desk: DeskScreen) -> None:
    """Stop the answer; else clear the token selection; else change between PLAY and TYPE."""
    if desk.answering:
        desk.run_async(desk.composer.cancel_answer())
    elif desk.transcript_panel.release_selection():
        return
    elif desk.mode == "PLAY":
        desk.enter_type()
    elif not desk.composer.leave_edit():
        desk.enter_play()


def interrupt_answer(desk: DeskScreen) -> None:
    if desk.get_selected_text():
        desk.action_copy_text()
    elif desk.answering:
        stop_answer(desk)
    else:
        open_leave_dialog(desk)


def toggle_pause(desk: DeskScreen) -> None:
    running = desk.link.state.running
    if running:
        desk.request("pause", paused=not running.paused)


def copy_answer(desk: DeskScreen) -> None:
    copy_or_warn(desk.app, desk.transcript.document.last_answer(), desk.warn)


def regenerate_answer(desk: DeskScreen, new_seed: bool = False) -> None:
    """Generate another answer and notify the user how to get back to this one."""
    desk.composer.regenerate(new_seed=new_seed)
    if any(turn.gen is not None for turn in desk.link.state.path(desk.feed.shown_turn)):
        desk.notify(
            "another answer; the one before is kept: v and V compare the branches, A puts one beside",
            markup=False,
        )


def edit_question(desk: DeskScreen) -> None:
    desk.composer.edit_question()
    desk.enter_type()


def open_sampling_form(desk: DeskScreen) -> None:
    """Open the form; its values apply from the next answer on, and changed ones are shown over the prompt."""

    def change_settings(values: dict[str, Any]) -> None:
        sampling, remember = settings_from_form(values)
        desk.composer.set_sampling(sampling)
        if remember:
            _save_defaults(desk)

    desk.open_dialog(sampling_form(desk.composer.sampling), change_settings)


def _save_defaults(desk: DeskScreen) -> None:
    try:
        save_default_sampling(desk.composer.sampling)
    except (OSError, SteerError) as error:
        desk.warn(f"not remembered: {error}")
