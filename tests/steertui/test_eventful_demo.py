"""All that can happen to an answer happens on the demo model, and happens again to the bit; a forger is caught."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core import demo
from core.mixer.mixer import Channel, Mixer
from sessions.journal import events as ev
from sessions.journal.codec import encode
from sessions.journal.folder import find_folder
from sessions.journal.reader import read
from sessions.live.model_host import ModelHost
from sessions.live.torch_backend import TorchBackend
from sessions.state.state import SessionState
from sessions.state.vector_facts import VectorFacts
from steertui import paths
from steertui.cli import main
from steertui.engine.host import SessionHost

LONG = {"max_new_tokens": 60, "ignore_end": True, "pace": 150}
SHORT = {"max_new_tokens": 12, "ignore_end": True}


class Desk:
    """Hands at an engine's ops, without a socket."""

    def __init__(self) -> None:
        self.host = SessionHost(ModelHost(TorchBackend()), paths.sessions_folder())
        self.do("load_model", model=demo.INSTRUCT)
        self.idle()
        name = self.do("vector.load", source="determined-drifting")["name"]
        self.mixer = Mixer((Channel.suggested(VectorFacts.from_event(self.state.vectors[name])),))
        self.turn(self.mixer)

    @property
    def state(self) -> SessionState:
        return self.host.session.state

    @property
    def session(self) -> str:
        return self.host.journal.session

    def do(self, op: str, **args: Any) -> dict[str, Any]:
        return self.host.run_op(op, args)

    def until(self, true: Callable[[], object]) -> None:
        limit = time.monotonic() + 60
        while not true():
            assert time.monotonic() < limit, self.state.error
            time.sleep(0.001)

    def idle(self) -> None:
        self.until(lambda: self.state.model and self.state.word == "idle" and not self.host.session.busy)

    def turn(self, mixer: Mixer) -> None:
        self.mixer = mixer
        self.do("mixer", rev=self.state.mixer.rev + 1, state=mixer.to_json())

    def say(self, text: str, *deeds: Callable[[], object], **settings: Any) -> None:
        """One answer, with a deed after every eight of its tokens."""
        said = len(self.state.turns)
        self.do("chat", text=text, settings={**(LONG if deeds else SHORT), **settings})
        self.until(lambda: len(self.state.turns) == said + 2)
        for k, deed in enumerate(deeds, 1):
            self.until(lambda k=k: len(self.state.path()[-1].tokens) >= 8 * k or self.state.word == "idle")
            assert self.state.word == "generating"
            deed()
        self.idle()


def eventful(desk: Desk) -> tuple[str, str]:
    """Flips, caps, injections, rewinds, both kinds of lane, regenerate, a branch, and the first session taken up again;
    the two sessions."""
    desk.say("Help me with the parser.", shadow="forced", inspect=3)
    desk.say(
        "And the config file?",
        lambda: desk.turn(desk.mixer.flip(0)),
        lambda: desk.do("inject", text=" It all seems pointless.", how="own"),
        lambda: desk.turn(desk.mixer.cap(0, ceiling=0.5)),
        lambda: desk.do("rewind", tokens=5),
        lambda: desk.do("inject", text="Look, a gull!", how="user"),
    )
    desk.say("Go on.", lambda: desk.turn(desk.mixer.cap(0, floor=0.25)), temperature=0.8, seed=5)
    desk.do("regenerate", settings={"seed": 6})
    desk.idle()
    desk.do("rewind", tokens=4)
    desk.idle()
    desk.say("What else?", lambda: desk.do("cancel"), shadow="free")
    first = desk.session
    answer = next(turn.id for turn in desk.state.path() if turn.gen == 1)
    desk.do("session.branch", turn=answer, at=20)
    desk.say("Another way, then.", lambda: desk.turn(desk.mixer.flip(0)))
    second = desk.session
    desk.do("session.open", session=first)
    desk.say("Are you still there?", lambda: desk.turn(desk.mixer.mute(0)))
    return first, second


@pytest.fixture(scope="module")
def _folders(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One home for all tests here: the sessions are made once."""
    return str(tmp_path_factory.mktemp("eventful"))


@pytest.fixture
def sessions(_folders: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    monkeypatch.setenv("XDG_DATA_HOME", _folders)
    made = sorted(path.name for path in paths.sessions_folder().glob("*/*"))
    if not made:
        desk = Desk()
        made = [*eventful(desk)]
        desk.host.close("done")
    return made[0], made[1]


def verified(session: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main.main(["sessions", "verify", session, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_an_eventful_session_and_its_branch_are_spoken_again_to_the_bit(
    sessions: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for session, answers in zip(sessions, (7, 3), strict=True):
        verdict = verified(session, capsys)
        assert (verdict["grade"], verdict["first_divergence"]) == ("bit-exact", None)
        assert (verdict["unverified"], verdict["environment"]) == (0, [])
        assert len(verdict["answers"]) == answers


def test_the_session_was_as_eventful_as_it_claims(sessions: tuple[str, str]) -> None:
    records = read(find_folder(paths.sessions_folder(), sessions[0]).journal).records
    kinds = [record.event.t for record in records]
    assert {"mixer", "inject", "rewind", "lane", "top", "meter", "stop"} <= {*kinds}
    assert {record.event.how for record in records if isinstance(record.event, ev.TextInjected)} == {
        "own",
        "user",
    }
    assert len({record.event.mix for record in records if isinstance(record.event, ev.TokensGenerated)}) >= 4
    assert [r.event.reason for r in records if isinstance(r.event, ev.AnswerStopped)].count("cancel") == 1


@pytest.mark.slow
def test_a_forged_token_is_caught_at_its_place(
    sessions: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The forger knows about checksums: the journal reads as whole."""
    journal = find_folder(paths.sessions_folder(), sessions[0]).journal
    records = [*read(journal).records]
    place, tok = next(
        (k, r.event)
        for k, r in enumerate(records)
        if isinstance(r.event, ev.TokensGenerated) and r.event.gen == 1 and r.event.i > 10
    )
    forged = replace(tok, ids=(*tok.ids[:-1], tok.ids[-1] ^ 1))
    records[place] = replace(records[place], event=forged)
    whole = journal.read_bytes()
    try:
        journal.write_bytes(b"".join(map(encode, records)))
        assert read(journal).damage_words() == ""
        assert main.main(["sessions", "verify", sessions[0]]) == 3
        assert f"diverged, first at token {tok.i + len(tok.ids) - 1} of answer 1 " in capsys.readouterr().out
    finally:
        journal.write_bytes(whole)
