"""F7: the form for the settings of the next answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sessions.state.answer_settings import FORM_SETTINGS, SETTINGS, AnswerSettings
from steertui.screens.desk.dialogs import readers
from steertui.screens.desk.dialogs.form import DeskForm, FormQuestion
from steertui.screens.desk.dialogs.sampling import YES_NO, setting_help, setting_reader, setting_text

REMEMBER = "remember"


def sampling_form(now: AnswerSettings) -> DeskForm:
    questions = [_setting_question(name, getattr(now, name)) for name in FORM_SETTINGS]
    return DeskForm("the next answers", [*questions, _remember_question()])


def settings_from_form(values: Mapping[str, Any]) -> tuple[AnswerSettings, bool]:
    """The settings that the form describes, and whether to save them as defaults."""
    named = {name: value for name, value in values.items() if name != REMEMBER}
    return replace(AnswerSettings(), **named), bool(values[REMEMBER])


def _setting_question(name: str, now: Any) -> FormQuestion:
    spec = SETTINGS[name]
    choices = YES_NO if spec.kind == "switch" else spec.choices
    return FormQuestion(
        name, spec.label, setting_text(name, now), setting_help(name), setting_reader(name), choices
    )


def _remember_question() -> FormQuestion:
    told = "yes: save these as the defaults on this machine"
    return FormQuestion(REMEMBER, REMEMBER, "no", told, readers.read_yes_no, YES_NO)
