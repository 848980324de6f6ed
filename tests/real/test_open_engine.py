"""One engine with the real model and everything that talks to it: the app, verbs, a chat, sessions."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import OptionList

from steertui.cli import main
from steertui.engine.inline import start_inline
from steertui.screens.pick import ChoiceDialog
from tests.conftest import FOLDERS
from tests.steertui.app.stage import Stage, desk_at
from tests.steertui.scripted_engine import Studio

CAPITAL = "What is the capital of France?"
PARIS = "The capital of France is Paris."
DOG = "My dog died yesterday."


@dataclass(frozen=True)
class OpenEngine:
    """Its socket, and the variables of the folders that it works in."""

    path: Path
    folders: Mapping[str, str]


@pytest.fixture(scope="module")
def engine(shared_folders: None) -> Iterator[OpenEngine]:
    folders = {name: os.environ[name] for name in FOLDERS}
    with start_inline("smollm2") as opened:
        yield OpenEngine(opened.path, folders)


@pytest.fixture(autouse=True)
def found_engine(engine: OpenEngine, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of a test find the engine, and the sessions that it keeps."""
    for name, folder in engine.folders.items():
        monkeypatch.setenv(name, folder)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main.main([*words, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def answer(capsys: pytest.CaptureFixture[str], prompt: str, *words: str) -> dict[str, Any]:
    return said(capsys, "say", prompt, "--model", "smollm2", *words)


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_the_app_opens_talks_and_lists_it(engine: OpenEngine, size: tuple[int, int]) -> None:
    async with desk_at(engine.path, Studio(), size=size, model="smollm2") as at:
        await at.ready()
        await talk(at)
        await at.press("f6")
        await at.until(lambda: isinstance(at.pilot.app.screen, ChoiceDialog))
        await at.sees("smollm2", "loaded")
        rows = at.pilot.app.screen.query_one(OptionList)
        assert all(rows.get_option_at_index(k).id != "+smollm2" for k in range(rows.option_count))
        await at.press("escape")
        # Vectors of the demo are offered last, and marked.
        at.desk.action_do("vector.add")
        await at.sees("✗ width · starter")


async def talk(at: Stage) -> None:
    await at.type(CAPITAL)
    await at.sees(PARIS)
    await at.ready()


def test_a_scripted_chat_keeps_its_turns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (CAPITAL, "And of Italy?", "/undo", "And of Italy?")
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    capsys.readouterr()
    told = said(capsys, "chat", "smollm2", "--max-new", "16")
    first, second, again = (each["text"] for each in told["answers"])
    assert first == PARIS
    assert "Rome" in second or "Ital" in second
    assert again == second
    assert [message["role"] for message in told["messages"]] == ["user", "assistant"] * 2


def test_a_flip_in_a_chat_is_the_turned_vector(
    persona_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (f"/add {persona_file}:2@14-19", "/unit 1 natural", DOG, "/undo", "/flip", DOG)
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    capsys.readouterr()
    told = said(capsys, "chat", "smollm2", "--max-new", "8")
    plus, minus = (each["token_ids"] for each in told["answers"])
    steering = ("--unit", "natural", "--max-new", "8")
    assert plus == answer(capsys, DOG, "--vector", f"{persona_file}:2@14-19", *steering)["token_ids"]
    assert minus == answer(capsys, DOG, "--vector", f"{persona_file}:-2@14-19", *steering)["token_ids"]
    assert plus != minus


def test_a_text_put_into_an_answer_stands_there_and_is_continued(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    plain = answer(capsys, "Name a fruit.", "--max-new", "12")
    told = answer(
        capsys, "Name a fruit.", "--max-new", "12", "--inject", "3: But my favourite is the pear, because"
    )
    assert told["token_ids"][:3] == plain["token_ids"][:3]
    assert told["token_ids"] != plain["token_ids"]
    (event,) = told["events"]
    assert (event["at"], event["text"]) == (3, " But my favourite is the pear, because")


def test_a_cap_in_an_answer_is_told_in_its_mixer(
    persona_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    plain = answer(capsys, DOG, "--max-new", "12")
    told = answer(capsys, DOG, "--max-new", "12", "--cap", f"{persona_file}:floor=40@14-19")
    assert told["token_ids"] != plain["token_ids"]
    (channel,) = told["mixer"]["channels"]
    assert channel["floor"] == 40


def test_a_prefill_and_a_stop_text_hold(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    told = answer(capsys, CAPITAL, "--prefill", "I think it is", "--stop", ".", "--max-new", "24")
    assert "Paris" in told["text"]
    assert "." not in told["text"]
    assert told["stop"] == "stop"


def test_an_unsteered_lane_beside_an_unsteered_answer_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    told = answer(capsys, CAPITAL, "--shadow", "forced", "--max-new", "8")
    assert max(told["shadow"]["kl"]) < 1e-4
    assert set(told["shadow"]["ranks"]) == {0} or set(told["shadow"]["ranks"]) == {1}


def test_a_steered_session_is_shown_exported_and_verified(
    persona_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    steering = ("--vector", f"{persona_file}:1.2@14-19", "--unit", "natural", "--split", "--flip-at", "5")
    told = answer(capsys, DOG, "--max-new", "10", "--temperature", "0.9", "--seed", "4", *steering)
    session = told["session"]
    for words in (("show", session), ("export", session, "--to", "md")):
        assert main.main(["sessions", *words]) == 0
        shown = capsys.readouterr().out
        assert told["text"].split()[0] in shown
        assert "flip" in shown
    assert main.main(["sessions", "export", session, "--to", "csv"]) == 0
    tokens = [row for row in csv.DictReader(io.StringIO(capsys.readouterr().out)) if row["kind"] == "token"]
    assert [int(row["id"]) for row in tokens] == told["token_ids"]
    assert said(capsys, "sessions", "verify", session)["grade"] in ("bit-exact", "token-exact")


def test_a_branch_begins_with_the_tokens_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    told = answer(capsys, "Name three colours.", "--max-new", "10")
    branch = said(capsys, "sessions", "branch", told["session"], "--at", "4")
    assert branch["parent"] == told["session"]
    shown = said(capsys, "sessions", "show", branch["session"])
    kept = shown["conversations"][0]["messages"][-1]["content"]
    assert told["text"].startswith(kept)
    assert 0 < len(kept) < len(told["text"])


def test_a_job_of_the_engine_makes_a_vector(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("train", "bread", "winter", "garden", "music", "river", "letter", "window")
    pairs = [
        {"positive": f"I am so happy about the {each}.", "negative": f"I am so sad about the {each}."}
        for each in words
    ]
    (tmp_path / "mood.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    out = tmp_path / "mood.safetensors"
    capsys.readouterr()
    told = said(
        capsys, "extract", "--contrast", str(tmp_path / "mood.jsonl"), "--read", "last", "--no-dose",
        "--out", str(out), "--model", "smollm2",
    )  # fmt: skip
    assert out.is_file()
    assert told["sha256"] == said(capsys, "card", str(out))["sha256"]
    assert len(told["layers"]) == 30
