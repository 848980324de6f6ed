"""Offers: parameters are typed and complete or refused by name; the command line they give starts the same job."""

from __future__ import annotations

import argparse
import shlex

import pytest

from core.errors import UsageError
from sessions.job_factories import JOBS
from sessions.job_specs.catalogue import OFFERS
from sessions.job_specs.kinds.kind import ParamKind
from sessions.job_specs.spending import costs_money
from sessions.job_specs.workshop import CHECK, DIFF, EXTRACT
from steertui.cli.options import job_flags


def test_every_offer_is_a_job_the_engine_knows() -> None:
    assert set(OFFERS) <= set(JOBS)


def test_parameters_are_of_known_kinds_and_have_words() -> None:
    for offer in OFFERS.values():
        for param in offer.params:
            assert isinstance(param.kind, ParamKind)
            assert param.help
            assert param.read(param.default) == param.default


def test_defaults_are_filled_in_and_text_is_read() -> None:
    read = EXTRACT.read({"contrast": "pirate", "out": "x.gguf", "holdout": "0.5", "seed": "3"})
    assert read["holdout"] == 0.5
    assert read["seed"] == 3
    assert read["method"] == "mean"
    assert read["suggest"] is True


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs --contrast"),
        ({"contrast": "pirate", "out": "x", "metod": "mean"}, "takes no 'metod'"),
        ({"contrast": "pirate", "out": "x", "method": "guess"}, "method is one of mean"),
        ({"contrast": "pirate", "out": "x", "holdout": "much"}, "holdout"),
        ({"contrast": "pirate", "out": "x", "seed": "1.5"}, "seed is a whole number"),
        ({"contrast": "pirate", "out": "x", "suggest": "maybe"}, "suggest is yes or no, not 'maybe'"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(given: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        EXTRACT.read(given)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("check", {"vector": "my vector.gguf", "layers": "3-5", "seed": 4}),
        ("extract", {"contrast": "pirate", "out": "a b.gguf", "suggest": False, "holdout": 0.5}),
        ("diff", {"base": "demo-base", "tuned": "demo-instruct", "exact": True, "top": 2}),
    ],
)
def test_the_command_line_means_the_same_parameters(kind: str, given: dict[str, object]) -> None:
    offer = OFFERS[kind]
    program, *words = shlex.split(offer.command(given, "demo-base"))
    parser = argparse.ArgumentParser()
    job_flags.add_offer(parser, offer)
    parser.add_argument("--model")
    assert (program, *words[: len(offer.verb)]) == ("steertui", *offer.verb)
    assert job_flags.offer_params(parser.parse_args(words[len(offer.verb) :]), offer) == offer.read(given)


def test_the_command_names_what_is_not_the_default() -> None:
    assert CHECK.command({"vector": "pirate"}, "demo-base") == "steertui check pirate --model demo-base"
    assert DIFF.command({"base": "a", "tuned": "b"}) == "steertui diff a b"


@pytest.mark.parametrize(
    ("kind", "given", "costs"),
    [
        ("distraction", {}, False),
        ("distraction", {"judge": "hints"}, False),
        ("distraction", {"judge": "claude-coherence"}, True),
        ("sweep", {"measure": "determined"}, False),
        ("sweep", {"measure": "determined", "coherence": "claude-coherence"}, True),
        ("compare", {"criterion": "is kinder"}, True),
        ("honeypot", {}, False),
    ],
)
def test_money_is_only_spoken_of_where_claude_is_asked(kind: str, given: dict[str, str], costs: bool) -> None:
    assert costs_money(OFFERS[kind], given) is costs


def test_an_offer_with_a_budget_and_nobody_to_choose_always_costs() -> None:
    writing = [offer for offer in OFFERS.values() if offer.verb[:1] == ("contrast",)]
    assert any(costs_money(offer, {}) for offer in writing)
