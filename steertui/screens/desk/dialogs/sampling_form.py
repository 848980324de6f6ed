"""F7: the form for the settings of the next answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.errors import SteerError
from sessions.state.answer_settings import FORM_SETTINGS, SETTINGS, AnswerSettings
from steertui.screens.desk.dialogs import readers
from steertui.screens.desk.dialogs.form import DeskForm, FormQuestion
from steertui.screens.desk.dialogs.sampling import (
    YES_NO,
    save_default_sampling,
    setting_help,
    setting_reader,
    setting_text,
)

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

REMEMBER = "remember"


def open_sampling_form(desk: DeskScreen) -> None:
    """Open the form; its values apply from the next answer on, and changed ones are shown over the prompt."""

    def answered(values: dict[str, Any] | None) -> None:
        if values is None:
            return
        keep = values.pop(REMEMBER)
        desk.composer.set_sampling(replace(AnswerSettings(), **values))
        if keep:
            _save_defaults(desk)

    now = desk.composer.sampling
    questions = [_setting_question(name, getattr(now, name)) for name in FORM_SETTINGS]
    desk.app.push_screen(DeskForm("the next answers", [*questions, _remember_question()]), answered)


def _save_defaults(desk: DeskScreen) -> None:
    try:
        save_default_sampling(desk.composer.sampling)
    except (OSError, SteerError) as error:
        desk.warn(f"not remembered: {error}")


def _setting_question(name: str, now: Any) -> FormQuestion:
    spec = SETTINGS[name]
    choices = YES_NO if spec.kind == "switch" else spec.choices
    return FormQuestion(
        name, spec.label, setting_text(name, now), setting_help(name), setting_reader(name), choices
    )


def _remember_question() -> FormQuestion:
    told = "yes: save these as the defaults on this machine"
    return FormQuestion(REMEMBER, REMEMBER, "no", told, readers.read_yes_no, YES_NO)
