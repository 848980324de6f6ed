"""Help pages fit 80 columns, and every explanation begins beside its name."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib import import_module

import pytest

from steertui.cli.main import Parser, app_parser, main
from steertui.cli.options.help_format import AlignedHelp, add_action
from steertui.cli.verbs import VERBS
from steertui.config import HEATS


def pages(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its actions."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from pages(each)


def verb_parser(name: str) -> Parser:
    module = import_module(VERBS[name].module)
    parser = Parser(prog=f"steertui {name}", description=module.__doc__)
    module.add_arguments(parser)
    return parser


@pytest.mark.parametrize("name", ["", *VERBS])
def test_a_help_page_fits_eighty_columns_and_begins_with_a_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for page in pages(verb_parser(name) if name else app_parser()):
        text = page.format_help()
        assert [line for line in text.splitlines() if len(line) > 80] == [], page.prog
        assert page.description, page.prog
        assert page.description.lstrip()[0].isupper(), page.prog
        assert ".." not in page.description.replace("...", ""), page.prog
        assert "?." not in page.description, page.prog


def test_the_longest_action_has_its_words_beside_it() -> None:
    parser = Parser(prog="x")
    actions = parser.add_subparsers(metavar="ACTION")
    add_action(actions, "rm", "remove")
    add_action(actions, "decompose", "take apart")
    assert "    decompose  take apart\n" in parser.format_help()
    assert "    rm         remove\n" in parser.format_help()


def test_a_name_with_hyphens_is_not_broken() -> None:
    help_page = AlignedHelp("x", width=40)
    words = help_page._split_lines("a judge of the texts: claude-assistant, claude-coherence", 26)
    assert words == ["a judge of the texts:", "claude-assistant,", "claude-coherence"]


def test_the_app_takes_every_way_of_colouring_tokens() -> None:
    assert [app_parser().parse_args(["--heat", heat]).heat for heat in HEATS] == list(HEATS)


@pytest.mark.parametrize("words", [["run"], ["contrast", "list"], ["models"]])
def test_a_list_fits_eighty_columns(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert [line for line in lines if len(line) > 80] == []
