from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import core
from steertui.cli import chat_commands, main

Chat = Callable[..., tuple[dict[str, Any], str]]


@pytest.fixture
def chat(tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Chat:
    """Lines piped into `steertui chat --json`; its object and what it told on stderr."""

    def run(*lines: str, options: tuple[str, ...] = ()) -> tuple[dict[str, Any], str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        assert main.main(["chat", str(tiny), "--max-new", "5", "--json", *options]) == 0
        out, err = capsys.readouterr()
        return dict(json.loads(out)), err

    return run


def ids(report: dict[str, Any]) -> list[list[int]]:
    return [answer["token_ids"] for answer in report["answers"]]


def test_two_turns_are_one_conversation(chat: Chat, tiny: Path) -> None:
    report, _ = chat("hello", "and then?", options=("--system", "Be odd."))
    talk = core.Conversation(core.load(str(tiny)), system="Be odd.")
    expected = [
        [step.token_id for step in talk.say(text, max_new_tokens=5)] for text in ("hello", "and then?")
    ]
    assert ids(report) == expected
    assert [message["role"] for message in report["messages"]] == ["system", *["user", "assistant"] * 2]


def test_dials_turned_between_answers_hold_for_the_next(chat: Chat, push: Path) -> None:
    options = ("--vector", f"{push}:2", "--split")
    report, err = chat("hello", "/undo", "/flip", "hello", "/undo", "/bypass", "hello", options=options)
    steered, flipped, free = ids(report)
    assert steered == ids(chat("hello", options=options)[0])[0]
    assert flipped == ids(chat("hello", options=("--vector", f"{push}:-2", "--split"))[0])[0]
    assert free == ids(chat("hello")[0])[0]
    assert steered != flipped != free
    assert "1 push -2 relative L2–3 split flip" in err
    assert "all bypassed" in err


def test_every_dial_shows_on_the_strip(chat: Chat, push: Path) -> None:
    _, err = chat(
        f"/add {push}:1",
        f"/add {push}@1-2",
        "/scale 2 -0.5",
        "/unit 2 unit",
        "/gain 2 0",
        "/cap 2 floor=-1,ceiling=p75",
        "/cap 2 floor=-1",
        "/band 2 3",
        "/mute 2",
        "/solo 2",
        "/remove 1",
        "/scale 4",
        "/scale 1",
        "/gain off",
    )
    lines = err.splitlines()
    assert "2 push -0.5 unit L3 gain +0 floor -1 mute solo" in lines[-5]
    assert any("to take p75 from" in line for line in lines), "an unmeasured percentile is refused"
    assert lines[-3].startswith("1 push +4 unit L3")
    assert lines[-2].startswith("1 push +1 unit")
    assert "gain" not in lines[-1]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/frobnicate", "there is no /frobnicate"),
        ("/scale 1 2 3", "write /scale [N] X"),
        ("/scale 1", "which channel? there are 2"),
        ("/scale 3 1", "which channel? there are 2"),
        ("/flip", "which channel? there are 2"),
        ("/scale 1 nan", "scale must be a finite number"),
        ("/band 1 5-3", "bad layer range '5-3'"),
        ("/band 1 9", "layer 9 asked for, the model has 4"),
        ("/cap 1 floor=2,ceiling=1", "floor 2 lies above ceiling 1"),
        ("/unit 1 natural", "natural units need the class gap of 'push'"),
        ("/add nobody", "no vector 'nobody'"),
        ("/undo", "there is no turn to take back"),
    ],
)
def test_a_bad_command_is_a_sentence_and_changes_nothing(
    chat: Chat, push: Path, line: str, sentence: str
) -> None:
    both = ("--vector", f"{push}:1@1", "--vector", f"{push}:1@2")
    report, err = chat(line, "hello", options=both)
    assert f"! {sentence}" in err
    assert ids(report) == ids(chat("hello", options=both)[0])


def test_new_and_system_begin_again(chat: Chat) -> None:
    report, _ = chat("hello", "/new", "hello", "/system Be odd.", "hello")
    first, again, other = ids(report)
    assert first == again
    assert other == ids(chat("hello", options=("--system", "Be odd."))[0])[0]
    assert [message["role"] for message in report["messages"]] == ["system", "user", "assistant"]


def test_settings_of_the_desk_can_be_typed_in_the_chat(chat: Chat) -> None:
    report, err = chat("/max 2", "hello", "/undo", "/temperature 5", "/seed 7", "hello", "/top-p 0")
    options = ("--temperature", "5", "--seed", "7", "--max-new", "2")
    assert ids(report) == [ids(chat("/max 2", "hello")[0])[0], ids(chat("hello", options=options)[0])[0]]
    assert "max new 2\n" in err
    assert "! it must lie above 0 and be at most 1, got 0" in err


def test_help_lists_every_command_and_quit_leaves(chat: Chat) -> None:
    report, err = chat("/help", "/quit", "hello")
    assert all(f"/{name} " in err for name in chat_commands.ACTS)
    assert report["answers"] == []


def test_words_go_to_stdout_and_the_rest_to_stderr(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hello\n"))
    assert main.main(["chat", str(tiny), "--max-new", "5"]) == 0
    out, err = capsys.readouterr()
    assert main.main(["say", "hello", "--model", str(tiny), "--max-new", "5"]) == 0
    assert capsys.readouterr().out == out
    assert "steertui chat on tiny" in err


def test_a_line_is_the_mixer_of_the_chat(chat: Chat, push: Path) -> None:
    report, err = chat(f"/mix 2 unit {push}@2-3 [split]", "/mix", "hello", "/mix 1 nobody")
    assert f"2.0 unit {push}@2-3[split]" in err
    assert "column 3, “nobody”" in err
    assert ids(report) == ids(chat("hello", options=("--mix", f"2 unit {push}@2-3 [split]"))[0])
    assert ids(report) != ids(chat("hello")[0])
