"""`say --prompts` and `say --doses`: many answers in lanes, each the same as alone, in one recorded session."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import core
from core.generation.batch.lane_batch import LaneBatch
from core.generation.batch.lane_support import LaneSupport
from sessions.journal import events as ev
from sessions.journal.folder import all_folders
from sessions.journal.reader import read
from sessions.live.jobs import SessionJobs
from sessions.state.fold import fold_all
from steertui import paths
from steertui.cli import main
from steertui.cli.output.dose_table import render_doses
from steertui.cli.verbs.say import parse_doses
from tests.core import zoo

Say = Callable[..., dict[str, Any]]
PROMPTS = ("hello", "and what is the weather like today? " * 5, "She counted the coins twice.", "x", "hello")
NEW = ("--max-new", "7")


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps({"prompt": text, "id": k}) + "\n" for k, text in enumerate(PROMPTS)))
    return path


def journals() -> list[list[Any]]:
    return [
        [record.event for record in read(f.journal).records] for f in all_folders(paths.sessions_folder())
    ]


def test_every_prompt_is_answered_as_alone(say: Say, prompts: Path, push: Path) -> None:
    loud = ("--vector", f"{push}:2@1-2", *NEW)
    found = say("--prompts", str(prompts), "--batch", "3", *loud)
    rows = found["answers"]
    assert [(row["prompt"], row["id"], row["dose"]) for row in rows] == [
        (p, k, 1.0) for k, p in enumerate(PROMPTS)
    ]
    for row in rows[:4]:
        alone = say(row["prompt"], *loud)
        assert (row["text"], row["token_ids"], row["stop"]) == (
            alone["text"],
            alone["token_ids"],
            alone["stop"],
        )
        assert row["logprobs"] == pytest.approx(alone["logprobs"], abs=1e-4)
        assert alone.keys() <= row.keys()
        assert row["mixer"] == alone["mixer"]
        assert row["flags"]["truncated"] is True
    assert {row["session"] for row in rows} == {found["session"]}


def test_each_dose_multiplies_every_scale(say: Say, push: Path) -> None:
    mix = ("--vector", f"{push}:1.5@1-2", "--cap", f"{push}:ceiling=0.5@3", *NEW)
    found = say("hello", "--doses", "-2,-1,0,1,2", *mix)["answers"]
    assert [row["dose"] for row in found] == [-2.0, -1.0, 0.0, 1.0, 2.0]
    for row in found[::2]:
        scale = 1.5 * row["dose"]
        alone = say("hello", "--vector", f"{push}:{scale}@1-2", "--cap", f"{push}:ceiling=0.5@3", *NEW)
        assert row["token_ids"] == alone["token_ids"], row["dose"]
        assert [channel["scale"] for channel in row["mixer"]["channels"]] == [scale, 0.0]
        assert [channel["ceiling"] for channel in row["mixer"]["channels"]] == [None, 0.5]
    assert len({tuple(row["token_ids"]) for row in found}) > 2


@pytest.mark.parametrize(
    ("words", "doses"),
    [
        (("--doses", "-2,-1,0,1,2"), (-2, -1, 0, 1, 2)),
        (("--doses=-2,-1",), (-2, -1)),
        (("--doses", "-.5,1e-1"), (-0.5, 0.1)),
        (("--doses", "-2"), (-2,)),
        (("--doses", "1;2"), (1, 2)),
    ],
)
def test_doses_are_taken_as_they_are_written(
    words: tuple[str, ...], doses: tuple[float, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def keep(asked: dict[str, Any], args: Any) -> int:
        seen.append(args.doses)
        return 0

    monkeypatch.setattr("steertui.cli.verbs.say._answer_in_lanes", keep)
    assert main.main(["say", "hello", *words]) == 0
    assert seen == [doses]
    assert parse_doses("1") == (1.0,)


def test_the_table_is_readable_at_80_columns(
    tiny: Path, push: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["say", "hello there", "--model", str(tiny), "--vector", f"{push}:1", "--doses", "-1,0,1"]
    assert main.main([*words, "--max-new", "60"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "prompt  hello there"
    assert lines[1] == "  dose  text"
    assert [line[:6].strip() for line in lines[2:] if line[:6].strip()] == ["-1", "0", "+1"]
    assert max(map(len, lines)) <= 80


def test_a_table_of_several_prompts_shows_errors_and_flags() -> None:
    rows = [
        {"prompt": "one", "dose": 0.5, "text": "word " * 40, "flags": {"collapsed": {"reason": "loop"}}},
        {"prompt": "one", "dose": -1.0, "text": "\n", "flags": {}},
        {"prompt": [{"role": "user", "content": "two"}], "dose": 0.0, "error": "the prompt is empty"},
    ]
    lines = list(render_doses(rows, 60))
    assert lines[0] == "prompt  one"
    assert any(line.strip() == "[collapsed]" for line in lines)
    assert "    -1  (no text)" in lines
    assert lines[-3:] == ["prompt  two", "  dose  text", "     0  the prompt is empty"]
    assert max(map(len, lines)) <= 60


def test_a_prompt_that_stands_twice_is_answered_with_two_seeds(say: Say, prompts: Path) -> None:
    hot = ("--temperature", "1.5", "--seed", "3", *NEW)
    rows = say("--prompts", str(prompts), *hot)["answers"]
    assert [row["seed"] for row in rows] == [3, 3, 3, 3, 4]
    assert rows[0]["token_ids"] == say("hello", *hot)["token_ids"] != rows[4]["token_ids"]
    assert rows[4]["token_ids"] == say("hello", "--temperature", "1.5", "--seed", "4", *NEW)["token_ids"]
    # Neither the number of lanes nor the other prompts matter.
    single = say("--prompts", str(prompts), "--batch", "1", *hot)["answers"]
    assert [row["token_ids"] for row in single] == [row["token_ids"] for row in rows]


def test_one_session_holds_the_answers_and_verifies(say: Say, prompts: Path, push: Path, capsys: Any) -> None:
    rows = say("--prompts", str(prompts), "--vector", f"{push}:2@1-2", "--doses", "-1,1", *NEW)["answers"]
    (events,) = journals()
    said = [event for event in events if isinstance(event, ev.LaneAnswered)]
    assert sorted(event.number for event in said) == list(range(10))
    assert {event.lanes for event in said} == {10}
    (folder,) = all_folders(paths.sessions_folder())
    state = fold_all(read(folder.journal).records)
    texts = {turn.text for turn in state.turns.values() if turn.gen is not None}
    assert texts == {row["text"] for row in rows}
    assert main.main(["sessions", "verify", "last", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    # Replayed alone: the same tokens; the log-probabilities of another batch differ in their last bits.
    assert report["grade"] == ("token-exact" if any(a["worst"] for a in report["answers"]) else "bit-exact")
    assert (len(report["answers"]), report["unverified"]) == (10, 0)
    assert {a["tokens"] for a in report["answers"]} == {7}
    assert main.main(["sessions", "show", "last"]) == 0
    shown = capsys.readouterr().out
    assert all(prompt.strip() in shown for prompt in PROMPTS)


def test_an_answer_of_a_batch_can_be_branched(say: Say, push: Path, capsys: Any) -> None:
    rows = say("hello", "--vector", f"{push}:2@1-2", "--doses", "-1,1", *NEW)["answers"]
    (folder,) = all_folders(paths.sessions_folder())
    turns = fold_all(read(folder.journal).records).turns.values()
    answer = next(turn for turn in turns if turn.text == rows[0]["text"])
    assert main.main(["sessions", "branch", "last", "--at", f"{answer.id}:3", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["session"]
    (new,) = [folder for folder in all_folders(paths.sessions_folder()) if folder.id == made]
    state = fold_all(read(new.journal).records)
    assert [len(turn.tokens) for turn in state.path(answer.id)] == [0, 3]
    assert json.loads(json.dumps(state.mixer.state)) == rows[0]["mixer"]


def test_a_changed_answer_does_not_verify(say: Say, prompts: Path, capsys: Any) -> None:
    from sessions.journal.codec import decode, encode

    say("--prompts", str(prompts), *NEW)
    (folder,) = all_folders(paths.sessions_folder())
    lines = []
    for line in folder.journal.read_bytes().splitlines():
        record = decode(line)
        if isinstance(record.event, ev.LaneAnswered) and record.event.number == 2:
            ids = [*record.event.token_ids]
            ids[4] = ids[4] % 200 + 5
            object.__setattr__(record.event, "token_ids", tuple(ids))
        lines.append(encode(record))
    folder.journal.write_bytes(b"".join(lines))
    assert main.main(["sessions", "verify", "last", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["first_divergence"]["at"] == 4


def test_events_stream_each_answer_as_it_ends(tiny: Path, prompts: Path, capsys: Any) -> None:
    assert main.main(["say", "--prompts", str(prompts), "--model", str(tiny), *NEW, "--jsonl"]) == 0
    out = capsys.readouterr().out
    (folder,) = all_folders(paths.sessions_folder())
    assert folder.journal.read_text() == out
    answers = [event for line in out.splitlines() if (event := json.loads(line))["t"] == "answer"]
    assert len(answers) == 5
    assert {"prompt", "dose", "text", "token_ids", "flags", "stop"} <= answers[0].keys()


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    tiny: Path, prompts: Path, say: Say, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["say", "--prompts", str(prompts), "--model", str(tiny), "--batch", "2", *NEW]
    whole = [row["token_ids"] for row in say(*words[1:3], "--batch", "2", *NEW)["answers"]]
    record, cancelled = SessionJobs._report, SessionJobs.cancel
    done: list[Any] = []

    def interrupt(self: SessionJobs, queued: Any, state: str, event: Any = None, message: str = "") -> None:
        record(self, queued, state, event, message)
        if event and event.get("kind") == "progress" and event["done"] == 2:
            signal.raise_signal(signal.SIGINT)
            while not done:
                time.sleep(0.001)

    def told(self: SessionJobs, job: int) -> dict[str, Any]:
        done.append(job)
        return cancelled(self, job)

    monkeypatch.setattr(SessionJobs, "_report", interrupt)
    monkeypatch.setattr(SessionJobs, "cancel", told)
    assert main.main([*words, "--json"]) == 130
    out, err = capsys.readouterr()
    part = json.loads(out)
    assert part["interrupted"] is True
    assert 2 <= len(part["answers"]) < 5
    assert "the same command again goes on with the others" in err
    monkeypatch.setattr(SessionJobs, "_report", record)
    asked: list[int] = []
    begin = LaneBatch.__init__

    def counted(self: LaneBatch, model: Any, requests: Any, n_lanes: int) -> None:
        asked.append(len(requests))
        begin(self, model, requests, n_lanes)

    monkeypatch.setattr(LaneBatch, "__init__", counted)
    assert main.main([*words, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["answers"]
    assert [row["token_ids"] for row in rows] == whole
    assert asked[-1] == 5 - len(part["answers"])


@pytest.mark.parametrize("problem", ["", "windowed reads its padding"])
def test_what_lanes_cannot_take_is_answered_in_groups_or_else_one_by_one(
    problem: str, prompts: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "windowed"
    zoo.build("mistral").save_pretrained(folder)
    zoo.tokenizer().save_pretrained(folder)
    if problem:
        monkeypatch.setattr(LaneSupport, "padded_problem", problem)
    words = ["say", "--model", str(folder), *NEW]
    assert main.main([*words, "--prompts", str(prompts), "--json"]) == 0
    out, err = capsys.readouterr()
    rows = json.loads(out)["answers"]
    assert ("of 5 answers one by one" in err) == bool(problem)
    said = [event for event in journals()[0] if isinstance(event, ev.LaneAnswered)]
    # Two prompts do not fit the window.
    assert {event.lanes for event in said if event.number == 1} == {1 if problem else 3}
    assert problem in err
    assert main.main([*words, rows[1]["prompt"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["token_ids"] == rows[1]["token_ids"]


def test_edits_of_one_answer_are_made_in_turn_in_one_session(say: Say, prompts: Path, push: Path) -> None:
    flipped = ("--vector", f"{push}:3", "--split", "--flip-at", "3", *NEW)
    rows = say("--prompts", str(prompts), *flipped)["answers"]
    assert rows[1]["token_ids"] == say(PROMPTS[1], *flipped)["token_ids"]
    assert rows[0]["token_ids"] == rows[4]["token_ids"]
    assert len({row["session"] for row in rows}) == 1
    assert [event["t"] for event in rows[0]["events"]] == ["mixer"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("x", "--doses", "1,2"), "name a vector with --vector"),
        (("x", "--batch", "3"), "for many answers"),
        (("x", "--estimate"), "for many answers"),
        (("x", "--doses", "1,x", "--vector", "{push}:1"), "a dose must be a finite number"),
        (("--prompts", "{prompts}", "--batch", "0"), "at least one answer at once"),
        (
            ("--prompts", "{prompts}", "--batch", "3", "--flip-at", "2"),
            "--flip-at and --inject is for one answer",
        ),
        (("x", "--doses", "1", "--vector", "{push}:1", "--shadow", "free"), "--shadow is for one answer"),
        (("x", "--doses", "1", "--gain", "{push}:0"), "nothing here has a scale"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(
    words: tuple[str, ...], sentence: str, tiny: Path, push: Path, prompts: Path, capsys: Any
) -> None:
    filled = [word.replace("{push}", str(push)).replace("{prompts}", str(prompts)) for word in words]
    assert main.main(["say", *filled, "--model", str(tiny)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err


def test_an_estimate_answers_nothing(tiny: Path, prompts: Path, capsys: Any) -> None:
    words = ["say", "--prompts", str(prompts), "--model", str(tiny), "--estimate", *NEW]
    assert main.main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["estimate"]
    assert (found["answers"], found["tokens"]) == (5, 35)
    assert found["seconds"] > 0
    assert not any(isinstance(event, ev.LaneAnswered) for events in journals() for event in events)


def test_a_batch_needs_a_lane() -> None:
    with pytest.raises(core.SteerError, match="at least one lane"):
        LaneBatch(core.adopt(zoo.build(), name="tiny"), {}, 0)
