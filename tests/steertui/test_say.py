from __future__ import annotations

import functools
import io
import json
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import core
import vectors
from core.generation import live
from sessions.journal.reader import read
from sessions.live.scheduled_edits import ScheduledEdits
from sessions.state.fold import fold
from sessions.state.state import SessionState
from steertui import paths
from steertui.cli import main
from steertui.cli.output.printing import AnswerPrinter
from vectors.library import library

Say = Callable[..., dict[str, Any]]


def test_one_answer_and_nothing_else(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["say", "hello", "--model", str(tiny), "--max-new", "9"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert main.main(["say", "hello", "--model", str(tiny), "--max-new", "9", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert out.rstrip("\n") == answer["text"].rstrip("\n")
    assert len(answer["token_ids"]) == len(answer["logprobs"]) == 9
    assert answer["stop"] == "length"
    assert {"events", "session", "tok_per_s"} <= answer.keys()


def test_a_loop_is_flagged_with_its_period(say: Say, push: Path) -> None:
    """A push thirty times as long as the states leaves the model one thing to say."""
    assert say("hello", "--max-new", "60", "--temperature", "1")["flags"] == {}
    answer = say("hello", "--vector", f"{push}:30", "--max-new", "60", "--temperature", "0")
    found, ids = answer["flags"]["collapsed"], answer["token_ids"]
    assert found["reason"] == "loop"
    end, period = found["at"] + 1, found["period"]
    agree = [ids[at] == ids[at - period] for at in range(end - 24, end)]
    assert sum(agree) >= 23
    assert str(period) in found["words"] or period == 1


def test_the_answer_is_the_one_core_gives(say: Say, tiny: Path, push: Path) -> None:
    model = core.load(str(tiny))
    mixer = core.Mixer((core.Channel(vectors.read(push), scale=2.0, unit="relative", layers=(1, 2)),))
    live = core.stream(
        model, "hello", mixer=mixer, max_new_tokens=10, temperature=0.8, seed=5, system="Be odd."
    )
    options = ("--temperature", "0.8", "--seed", "5", "--system", "Be odd.", "--max-new", "10")
    answer = say("hello", "--vector", f"{push}:2@1-2", *options)
    assert answer["token_ids"] == [step.token_id for step in live]
    assert answer["logprobs"] == [step.logprob for step in live.steps]
    assert answer["token_ids"] != say("hello", *options)["token_ids"]


def test_a_flip_is_in_force_from_its_token_on(say: Say, push: Path) -> None:
    loud = ("--vector", f"{push}:3", "--split", "--max-new", "12")
    plain, flipped = say("hello", *loud), say("hello", *loud, "--flip-at", "6")
    assert flipped["token_ids"][:6] == plain["token_ids"][:6]
    assert flipped["logprobs"][6:] != plain["logprobs"][6:]
    (event,) = flipped["events"]
    assert (event["t"], event["at"], event["words"]) == ("mixer", 6, "FLIP push → −3.00 rel")
    assert event["state"]["channels"][0]["flipped"] is True
    assert flipped["mixer"]["channels"][0]["flipped"] is True


def test_a_flip_at_0_is_a_flip_from_the_start(say: Say, push: Path) -> None:
    options = ("--max-new", "6", "--split")
    turned = say("hello", "--vector", f"{push}:2", "--flip-at", "0", *options)
    assert turned["token_ids"] == say("hello", "--vector", f"{push}:-2", *options)["token_ids"]


def test_a_change_that_comes_after_the_last_token_is_no_event(say: Say, push: Path) -> None:
    answer = say("hello", "--vector", f"{push}:2", "--max-new", "4", "--flip-at", "4", "--inject", "9:abc")
    assert answer["events"] == []


def test_an_injection_changes_what_follows_and_is_told(say: Say) -> None:
    plain, disturbed = say("hello", "--max-new", "9"), say("hello", "--max-new", "9", "--inject", "4:Look!")
    assert disturbed["token_ids"][:4] == plain["token_ids"][:4]
    assert disturbed["logprobs"][4:] != plain["logprobs"][4:]
    assert [(e["t"], e["at"], e["text"]) for e in disturbed["events"]] == [("inject", 4, "Look!")]


def test_keep_and_rebuild_differ_after_a_change(say: Say, push: Path) -> None:
    options = ("--vector", f"{push}:2", "--split", "--max-new", "8", "--flip-at", "4")
    kept, rebuilt = say("hello", *options), say("hello", *options, "--cache", "rebuild")
    assert kept["logprobs"][:4] == rebuilt["logprobs"][:4]
    assert kept["logprobs"][4:] != rebuilt["logprobs"][4:]
    assert [event["t"] for event in rebuilt["events"]] == ["mixer", "rebuild"]


@pytest.mark.slow
def test_the_compiled_step_says_the_same(say: Say, push: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Enough for a compiler on a busy machine.
    monkeypatch.setattr("core.compiled.precompile.LONGEST_SECONDS", 600.0)
    options = ("--vector", f"{push}:2", "--split", "--max-new", "12", "--flip-at", "6")
    assert say("hello", *options, "--compile")["token_ids"] == say("hello", *options)["token_ids"]
    journals = [path.read_text() for path in paths.sessions_folder().glob("*/*/journal.jsonl")]
    assert sum("takes over" in journal for journal in journals) == 1
    assert sum('"by":"compiled"' in journal for journal in journals) == 1


def test_a_compiler_that_is_too_slow_is_given_up_and_that_is_said(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.compiled import precompile

    words = ["say", "hello", "--model", str(tiny), "--max-new", "4"]
    assert main.main(words) == 0
    eager = capsys.readouterr()
    slow = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr(precompile, "python_command", lambda *_: slow)
    monkeypatch.setattr(precompile, "LONGEST_SECONDS", 0.2)
    assert main.main([*words, "--compile"]) == 0
    said = capsys.readouterr()
    assert said.out == eager.out
    assert said.err == "decoding stays eager: the compiled step was not ready after 0.2 s\n"


def test_a_saved_mixer_plays_as_it_did(say: Say, push: Path, tmp_path: Path) -> None:
    library.add_to_library(vectors.read(push), "push")
    first = say("hello", "--vector", "push:2@1-2", "--max-new", "5")
    saved = tmp_path / "mix.json"
    saved.write_text(json.dumps(first["mixer"]))
    again = say("hello", "--mix", str(saved), "--max-new", "5")
    assert (again["token_ids"], again["mixer"]) == (first["token_ids"], first["mixer"])
    more = say("hello", "--mix", str(saved), "--gain", "push:0@3", "--max-new", "5")
    assert [channel["gain"] for channel in more["mixer"]["channels"]] == [None, 0.0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "is no saved mixer"),
        ("{", "is no saved mixer"),
        ('{"channels": [{"scale": 1}]}', "is no saved mixer"),
        ('{"channels": [{"name": "push", "scale": "loud"}]}', "scale must be a finite number"),
        (
            '{"channels": [{"name": "push", "sha256": "0"}]}',
            "'push' is not the one this mixer was saved with",
        ),
    ],
)
def test_a_mixer_that_cannot_be_played_is_named(
    text: str, sentence: str, tiny: Path, push: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library.add_to_library(vectors.read(push), "push")
    saved = tmp_path / "mix.json"
    saved.write_text(text)
    assert main.main(["say", "hello", "--model", str(tiny), "--mix", str(saved)]) in (2, 4)
    assert sentence in capsys.readouterr().err


def test_the_shadow_is_the_unsteered_model(say: Say, push: Path) -> None:
    loud = ("--vector", f"{push}:3", "--split", "--max-new", "6")
    assert (
        say("hello", *loud, "--shadow", "free")["shadow"]["token_ids"]
        == say("hello", "--max-new", "6")["token_ids"]
    )
    forced = say("hello", *loud, "--shadow", "forced")
    assert len(forced["shadow"]["kl"]) == len(forced["shadow"]["ranks"]) == 6
    assert min(forced["shadow"]["kl"]) > 0
    assert max(abs(x) for x in say("hello", "--max-new", "6", "--shadow", "forced")["shadow"]["kl"]) < 1e-6


def test_stdin_is_a_prompt(
    say: Say, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = say("grüße", "--max-new", "3")["token_ids"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("grüße".encode())))
    assert say("-", "--max-new", "3")["token_ids"] == said
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ab\xff")))
    assert main.main(["say", "-"]) == 4
    assert "stdin is not UTF-8 (byte 2)" in capsys.readouterr().err


def test_a_model_without_a_template_says_that_it_only_continues(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny, base)
    (base / "chat_template.jinja").unlink()
    command = ["say", "hello", "--model", str(base), "--max-new", "4"]
    assert main.main(command) == 0
    out, err = capsys.readouterr()
    assert "base has no chat template: it continues the text" in err
    assert main.main([*command, "--raw"]) == 0
    assert capsys.readouterr() == (out, "")


def test_the_journal_s_own_lines_stream(tiny: Path, push: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "say",
        "hello",
        "--model",
        str(tiny),
        "--vector",
        f"{push}:2",
        "--flip-at",
        "2",
        "--max-new",
        "4",
    ]
    assert main.main([*words, "--jsonl"]) == 0
    out = capsys.readouterr().out
    (folder,) = paths.sessions_folder().glob("*/*")
    assert (folder / "journal.jsonl").read_text() == out
    events = [json.loads(line) for line in out.splitlines()]
    assert [e["t"] for e in events if e["t"] in ("tok", "mixer", "stop")][-2:] == ["tok", "stop"]
    (flip,) = [e for e in events if e["t"] == "mixer" and "gen" in e]
    tokens = [e for e in events if e["t"] == "tok"]
    assert (flip["at"], flip["words"]) == (2, "FLIP push → −2.00 rel")
    assert {e["mix"] for e in tokens if e.get("i", 0) >= 2} == {flip["mix"]}
    assert flip["mix"] not in {e["mix"] for e in tokens if e.get("i", 0) < 2}


def test_an_answer_leaves_a_session_behind(say: Say, push: Path) -> None:
    answer = say("hello", "--vector", f"{push}:2", "--max-new", "4")
    (folder,) = paths.sessions_folder().glob("*/*")
    reading = read(folder / "journal.jsonl")
    state = functools.reduce(fold, reading.records, SessionState())
    assert (state.session, state.closed, reading.damage) == (answer["session"], "done", ())
    assert [turn.text for turn in state.path()] == ["hello", answer["text"]]
    assert len(list((folder / "vectors").iterdir())) == 1


def test_no_record_leaves_none(say: Say) -> None:
    say("hello", "--max-new", "2", "--no-record")
    assert list(paths.sessions_folder().glob("*/*")) == []


def test_a_session_in_which_nothing_was_said_is_not_kept(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["say", "hello", "--model", str(tmp_path)]) == 4
    assert main.main(["say", "hello", "--model", str(tiny), "--vector", "nobody"]) == 4
    assert list(paths.sessions_folder().glob("*/*")) == []


def test_a_disk_that_cannot_be_written_costs_the_recording_not_the_answer(
    tiny: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/dev/null/nowhere")
    assert main.main(["say", "hello", "--model", str(tiny), "--max-new", "2"]) == 0
    out, err = capsys.readouterr()
    assert out
    assert "not recorded: cannot write /dev/null/nowhere/" in err
    assert "set XDG_DATA_HOME to another folder" in err


def test_many_prompts(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    messages = [{"role": "user", "content": "hello"}]
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_text(f'"hello"\n\n{json.dumps({"messages": messages, "id": 7})}\n{{"prompt": ""}}\n')
    command = ["say", "--prompts", str(prompts), "--model", str(tiny), "--max-new", "3"]
    assert main.main([*command, "--raw"]) == 3
    out, err = capsys.readouterr()
    first, second, third = (json.loads(line) for line in out.splitlines())
    assert first["prompt"] == "hello"
    assert (second["prompt"], second["id"]) == (messages, 7)
    assert first["token_ids"] == second["token_ids"]
    assert (third["error"], third["exit_code"]) == ("the prompt is empty", 2)
    assert "1 of 3 prompts failed" in err
    assert main.main([*command, "--raw", "--json"]) == 3
    whole = json.loads(capsys.readouterr().out.splitlines()[0])
    assert [row.get("token_ids") for row in whole["answers"]] == [
        first["token_ids"],
        second["token_ids"],
        None,
    ]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("[1]", "line 2: needs a text, or an object"),
        ('{"text": "x"}', "line 2: needs a text, or an object"),
        ('{"prompt": "x", "messages": []}', "line 2: needs a text, or an object"),
        ('{"prompt": 3}', "line 2: 'prompt' is a text"),
        ('{"messages": [{"role": "user"}]}', "line 2: 'prompt' is a text, 'messages' a list"),
        ("{", "line 2: no JSON"),
        ("\xff", "line 2: no JSON"),
    ],
)
def test_a_bad_line_stops_everything_before_a_model_is_loaded(
    line: str,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(core, "load", lambda *args, **options: pytest.fail("a model was loaded"))
    prompts = tmp_path / "prompts.jsonl"
    prompts.write_bytes(b'\xef\xbb\xbf"fine"\n' + line.encode("latin-1") + b"\n")
    assert main.main(["say", "--prompts", str(prompts)]) == 4
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((), 2, "say one PROMPT, or give --prompts FILE"),
        (("x", "--prompts", "y"), 2, "say one PROMPT, or give --prompts FILE"),
        (("x", "--vector", "v:nan"), 2, "scale must be a finite number"),
        (("x", "--vector", "v:1e999@3"), 2, "scale must be a finite number"),
        (("x", "--vector", "v:1,5"), 2, "scale must be a finite number"),
        (("x", "--vector", "{push}:1@5-3"), 2, "bad layer range '5-3'"),
        (("x", "--vector", "{push}:1@1.."), 2, "bad layer range '1..'"),
        (("x", "--vector", "{push}:1@-1"), 2, "bad layer range '-1'"),
        (("x", "--vector", "{push}:1@all,3"), 2, "bad layer range 'all'"),
        (("x", "--vector", "{push}:1@9"), 4, "layer 9 asked for, the model has 4"),
        (("x", "--vector", "nobody"), 4, "no vector 'nobody'"),
        (("x", "--cap", "{push}:floor=2,ceiling=1"), 2, "floor 2 lies above ceiling 1"),
        (("x", "--unit", "natural", "--vector", "{push}:1"), 2, "steertui check"),
        (("x", "--temperature", "-1"), 2, "temperature must not be negative"),
        (("x", "--seed", "-1"), 2, "not a whole number"),
        (("", "--raw"), 2, "the prompt is empty"),
        (("word " * 600,), 2, "limit 512"),
    ],
)
def test_what_cannot_be_meant_or_done_is_one_sentence(
    words: tuple[str, ...],
    code: int,
    sentence: str,
    tiny: Path,
    push: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled = [word.replace("{push}", str(push)) for word in words]
    assert main.main(["say", *filled, "--model", str(tiny)]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_ctrl_c_keeps_what_was_said(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(script: ScheduledEdits, index: int, session: Any) -> None:
        if index == 3:
            signal.raise_signal(signal.SIGINT)
            while not cancelled:
                time.sleep(0.001)

    cancelled: list[bool] = []
    cancel = live.AnswerStream.cancel

    def told(answer: live.AnswerStream) -> None:
        cancel(answer)
        cancelled.append(True)

    monkeypatch.setattr(live.AnswerStream, "cancel", told)
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(ScheduledEdits, "apply_before", interrupt)
    answer = say("hello", "--max-new", "9", code=130)
    assert (len(answer["token_ids"]), answer["stop"]) == (3, "cancel")
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_does_not_wait(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt_twice(script: ScheduledEdits, index: int, session: Any) -> None:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
            time.sleep(0.3)

    monkeypatch.setattr(ScheduledEdits, "apply_before", interrupt_twice)
    assert main.main(["say", "hello", "--model", str(tiny)]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_ctrl_c_does_not_wait_for_a_model_that_is_being_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()

    def load(*args: Any, **options: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        told.wait(60)

    monkeypatch.setattr(core, "load", load)
    assert main.main(["say", "hello"]) == 130
    assert not told.is_set()
    told.set()
    assert list(paths.sessions_folder().glob("*/*")) == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "harmless"), [(Terminal(), True), (io.StringIO(), False)])
def test_a_model_s_escape_sequences_reach_a_pipe_but_no_terminal(stream: io.StringIO, harmless: bool) -> None:
    whole = "a\x1b]52;c;AAAA\x07b"
    printer = AnswerPrinter(stream)
    printer.write(whole[:3])
    printer.write(whole[3:-1])
    printer.end(whole)
    shown = stream.getvalue()
    assert harmless == ("\x1b" not in shown and "\x07" not in shown)
    assert harmless or shown == whole + "\n"
