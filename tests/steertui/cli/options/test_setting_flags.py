"""The options for an answer and for loading: each is stored under the name that the engine knows."""

from __future__ import annotations

import argparse

import pytest

from sessions.live.load_options import LOAD_OPTIONS
from sessions.state.answer_settings import DEFAULTS, SETTINGS, check_settings
from steertui.cli.options import answer_flags, flags
from steertui.cli.prepared import answer_settings


@pytest.fixture
def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    flags.add_model(parser)
    answer_flags.add_steering(parser)
    answer_flags.add_decoding(parser, compiled="now")
    return parser


def test_without_an_option_an_answer_has_the_defaults(parser: argparse.ArgumentParser) -> None:
    settings = answer_settings(parser.parse_args([]))
    assert settings == {name: DEFAULTS[name] for name in settings}
    assert settings.keys() == {
        "temperature", "top_p", "top_k", "repetition_penalty", "seed", "max_new_tokens", "cache",
        "thought_budget",
    }  # fmt: skip


def test_every_setting_can_be_given(parser: argparse.ArgumentParser) -> None:
    values = {
        "text": "Hm",
        "words": "Hm",
        "pairs": "a=1",
        "choice": "forced",
        "switch": None,
        "compile": None,
    }
    given: list[str] = []
    for name, spec in SETTINGS.items():
        if spec.option:
            value = "rebuild" if name == "cache" else values.get(spec.kind, "7")
            given += [spec.option] if value is None else [spec.option, value]
    settings = answer_settings(parser.parse_args([*given, "--flip-at", "3", "--inject", "4:hm"]))
    check_settings(settings)
    assert {name for name, value in settings.items() if value != DEFAULTS[name]} == {
        "script", *(name for name, spec in SETTINGS.items() if spec.option)
    }  # fmt: skip
    assert settings["compile"] == "now"
    assert settings["stop"] == ["Hm"]
    assert settings["template_args"] == {"a": 1}


def test_every_load_option_can_be_given(parser: argparse.ArgumentParser) -> None:
    given: list[str] = []
    for name, spec in LOAD_OPTIONS.items():
        given += ["--" + name.replace("_", "-"), *([] if spec.check_only else [[*spec.choices, "x"][0]])]
    assert flags.load_options(parser.parse_args(given)).keys() == LOAD_OPTIONS.keys()
    assert flags.load_options(parser.parse_args([])) == {}
