"""The options for loading are the parameters of `core.load`, and what cannot be meant is said in a sentence."""

from __future__ import annotations

import inspect

import pytest

import core
from core.errors import UsageError
from core.loading import placement
from sessions.live.load_options import LOAD_OPTIONS, LoadOptions, model_options, numeric_options


def test_every_option_is_a_parameter_of_load() -> None:
    taken = inspect.signature(core.load).parameters.values()
    keywords = {each.name for each in taken if each.kind is each.KEYWORD_ONLY}
    assert LOAD_OPTIONS.keys() == keywords - {"on_progress"}


def test_placement_is_what_decides_the_device() -> None:
    placed = {name for name, spec in LOAD_OPTIONS.items() if spec.placement}
    assert placed == inspect.signature(placement.choose_placement).parameters.keys()


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"colour": "red"}, "the options for loading a model are dtype, .*, not 'colour'"),
        ({"dtype": 16}, "the load option dtype must be a text, not 16"),
        ({"force": "yes"}, "the load option force must be true or false, not 'yes'"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, object], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        LoadOptions.from_json(options)


def test_an_option_left_open_is_none_of_the_parameters() -> None:
    options = LoadOptions.from_json({"dtype": None, "device": "cpu", "force": True})
    assert options.as_json() == {"device": "cpu", "force": True}
    assert options.placement() == {"device": "cpu"}


def test_force_makes_no_other_model_and_a_device_no_other_numbers() -> None:
    options = {"dtype": "bfloat16", "device": "cpu", "force": True}
    assert model_options(options) == {"dtype": "bfloat16", "device": "cpu"}
    assert numeric_options(options) == {"dtype": "bfloat16"}
