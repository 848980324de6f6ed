"""How a setting of the next answers is typed: what the form shows of a value is read as that value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sessions.state.answer_settings import FORM_SETTINGS, AnswerSettings
from steertui.commands.slash_words import SLASH_WORDS
from steertui.screens.desk.dialogs.sampling import setting_reader, setting_text

OTHERS: dict[str, Any] = {
    "system": "Be brief.",
    "prefill": "Well,",
    "raw": True,
    "template_args": {"enable_thinking": False, "note": "two words"},
    "temperature": 0.7,
    "top_p": 0.9,
    "top_k": 40,
    "repetition_penalty": 1.1,
    "seed": None,
    "max_new_tokens": 12,
    "stop": ("the end", "stop"),
    "thought_budget": 64,
    "cache": "rebuild",
}


@pytest.mark.parametrize("name", FORM_SETTINGS)
def test_a_value_is_read_as_it_is_shown(name: str) -> None:
    usual, other = AnswerSettings(), replace(AnswerSettings(), **{name: OTHERS[name]})
    assert usual != other
    for made in (usual, other):
        value = getattr(made, name)
        assert setting_reader(name)(setting_text(name, value)) == value


def test_settings_have_slash_commands_of_their_own() -> None:
    assert {"system", "prefill", "temperature", "top-p", "top-k", "seed", "max"} < SLASH_WORDS.keys()
    assert SLASH_WORDS["seed"].usage == "N|new"
