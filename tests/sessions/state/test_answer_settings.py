"""The settings of an answer are those that `core` takes, with the same defaults."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

import core
from core.generation.conversation import Conversation
from core.generation.sampling import TokenSampler
from core.generation.stream import build_settings
from sessions.state.answer_settings import (
    CONVERSATION,
    DEFAULTS,
    SESSION,
    SETTINGS,
    AnswerSettings,
    check_settings,
    settings_of_scope,
)

NOT_WRITTEN = {"lanes", "meters", "sampling", "mixer"}
"""Parameters of `core` that are objects, so no event can hold them."""


def defaults_of(function: Any) -> dict[str, Any]:
    """The keyword-only parameters with their defaults."""
    found = inspect.signature(function).parameters.values()
    return {each.name: each.default for each in found if each.kind is each.KEYWORD_ONLY}


def test_every_setting_is_one_of_core_with_its_default() -> None:
    sampling = {each.name: each.default for each in dataclasses.fields(TokenSampler)}
    known = {**defaults_of(core.stream), **defaults_of(build_settings), **sampling}
    ours = {name: value for name, value in DEFAULTS.items() if SETTINGS[name].scope != SESSION}
    assert ours.keys() == known.keys() - NOT_WRITTEN
    assert {name: value or None for name, value in ours.items()} == {
        name: known[name] or None for name in ours
    }


def test_the_settings_of_a_conversation_are_the_parameters_of_one() -> None:
    assert set(settings_of_scope(CONVERSATION)) == defaults_of(Conversation).keys()


def test_only_what_differs_from_the_defaults_is_sent() -> None:
    assert AnswerSettings().as_json() == {}
    changed = AnswerSettings(stop=("the end",), template_args={"enable_thinking": False}, seed=3)
    assert changed.as_json() == {
        "stop": ["the end"],
        "template_args": {"enable_thinking": False},
        "seed": 3,
    }


def test_the_defaults_are_of_the_types_that_are_checked() -> None:
    check_settings(DEFAULTS)
