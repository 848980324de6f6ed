"""A session as an Inspect log: what it says always, and read back by Inspect itself where the extra is installed."""

from __future__ import annotations

import importlib.util
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import UsageError
from sessions.export import save
from sessions.export.samples import ConversationSample, conversation_samples
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.state.fold import fold_all
from steertui import paths
from steertui.cli import main
from steertui.text import safe_text
from tests.sessions.test_export import recorded, records, talk

BEGAN = datetime(2026, 11, 20, 11, 45, 58, tzinfo=UTC)


def sampled(session: tuple[JournalRecord, ...]) -> list[ConversationSample]:
    return conversation_samples(fold_all(session), session)


def test_every_branch_is_a_sample_and_every_answer_a_call() -> None:
    first, second = sampled(talk())
    assert (first.id, second.id) == (1, 2)
    assert first.input_messages == (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How is it?"},
    )
    assert first.messages == (*first.input_messages, {"role": "assistant", "content": "It rains."})
    (call,) = first.calls
    assert call.end == "stop"
    assert call.began == BEGAN + timedelta(milliseconds=500), "five events of 100 ms after the first"
    assert call.token_columns == {
        "token_ids": [0, 1],
        "mixers": ["m1", "m2"],
        "projections": {"loud": [0.0, 1.0]},
    }


def test_a_later_answer_was_told_the_earlier_one_and_what_somebody_put_into_it() -> None:
    session = records(
        ev.TurnAdded(turn=0, text="Go."),
        ev.AnswerStarted(gen=0, turn=1, parent=0),
        ev.TokensGenerated(gen=0, i=0, ids=(1,), text=("Left",)),
        ev.TextInjected(gen=0, at=1, text="Or right?", how="user"),
        ev.TokensGenerated(gen=0, i=1, ids=(2,), text=(" Right",)),
        ev.AnswerStopped(gen=0, reason="length", tokens=2, wall_ms=1500),
        ev.TurnAdded(turn=2, parent=1, text="And now?"),
        ev.AnswerStarted(gen=1, turn=3, parent=2),
        ev.AnswerStopped(gen=1, reason="cancel", tokens=0),
        ev.TurnAdded(turn=4, parent=3, text="Hello?"),
    )
    (sample,) = sampled(session)
    assert [message["content"] for message in sample.calls[1].input_messages] == [
        "Go.",
        "Left",
        "Or right?",
        " Right",
        "And now?",
    ]
    assert [(call.end, call.seconds) for call in sample.calls] == [("max_tokens", 1.5), ("unknown", 0.0)]
    assert sample.messages[-1] == {"role": "user", "content": "Hello?"}, "nobody answered that"


def test_without_the_extra_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs inspect-ai: pip install 'steertui\[inspect\]'"):
        save(talk(), "inspect", tmp_path / "x.eval", safe_text)
    assert not (tmp_path / "x.eval").exists()


def test_a_log_needs_a_file_of_its_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match=r"named \*\.eval or \*\.json, not x\.txt"):
        save(talk(), "inspect", tmp_path / "x.txt", safe_text)
    recorded(paths.sessions_folder(), "hello")
    assert main.main(["sessions", "export", "last", "--to", "inspect"]) == 2
    assert "name it with --out FILE" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".eval", ".json"])
def test_inspect_reads_back_what_was_said(tmp_path: Path, suffix: str) -> None:
    log = pytest.importorskip("inspect_ai.log", reason="the extra inspect is not installed")
    place = tmp_path / f"x{suffix}"
    save(talk(("It \udcff", "rains.")), "inspect", place, safe_text)
    read = log.read_eval_log(str(place))
    assert (read.status, read.eval.model, read.eval.eval_id) == ("success", "demo", "S1")
    assert read.eval.metadata["vectors"] == {"loud": "abc"}
    assert read.eval.packages == {"steertui": "0.1", "torch": "2.13"}
    first, second = read.samples
    assert [message.text for message in first.messages] == ["Be brief.", "How is it?", "It ?rains."]
    assert [message.role for message in first.input] == ["system", "user"]
    assert (first.output.completion, first.output.stop_reason) == ("It ?rains.", "stop")
    assert [(t.token, t.logprob) for t in first.output.choices[0].logprobs.content] == [
        ("It ?", -0.5),
        ("rains.", -0.25),
    ]
    *changes, call = first.events
    assert [(change.data["at"], change.data["words"]) for change in changes][-1] == (1, "FLIP loud")
    assert (call.event, call.config.seed, call.model) == ("model", 7, "demo")
    assert first.metadata["steering"][0]["events"][-1] == {"at": 1, "t": "mixer", "words": "FLIP loud"}
    assert first.output.metadata["mixers"] == ["m1", "m2"]
    assert second.output.completion == "Fine."


def test_inspect_reads_back_what_else_might_have_been_said(tmp_path: Path) -> None:
    log = pytest.importorskip("inspect_ai.log", reason="the extra inspect is not installed")
    session = records(
        ev.TurnAdded(turn=0, text="Go."),
        ev.AnswerStarted(gen=0, turn=1, parent=0),
        ev.TokensGenerated(gen=0, i=0, ids=(1,), text=("Left",), lp=(-0.7,)),
        ev.TopTokens(gen=0, i=0, ids=((1, 2),), text=(("Left", "Right"),), p=((0.5, 0.0),)),
        ev.AnswerStopped(gen=0, reason="eos", tokens=1),
    )
    save(session, "inspect", tmp_path / "x.eval", safe_text)
    (sample,) = log.read_eval_log(str(tmp_path / "x.eval")).samples
    (token,) = sample.output.choices[0].logprobs.content
    assert [(top.token, top.logprob) for top in token.top_logprobs] == [("Left", math.log(0.5))]
