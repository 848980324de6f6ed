"""The live session: what it says happened is what happened, and its state is the fold of its journal."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, UsageError
from core.mixer.mixer import Channel, Mixer
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.journal import Journal
from sessions.journal.reader import read
from sessions.live.model_host import ModelHost
from sessions.live.session import Session
from sessions.state.fold import fold, fold_all
from sessions.state.mixer_words import mix_hash
from sessions.state.state import SessionState
from tests.sessions.scripted import Studio, Vector

LOUD = Vector("loud", {3: (1.0, 0.0, 0.0, 0.0)}, {3: 2.0})


def until(true: Callable[[], Any], seconds: float = 10.0) -> None:
    """Waits for another thread; a hang is a failure, not a timing."""
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.001)


class Gate:
    """Lets the scripted model produce one token at a time."""

    def __init__(self) -> None:
        self._permits = threading.Semaphore(0)

    def __call__(self) -> None:
        assert self._permits.acquire(timeout=10)

    def let(self, tokens: int) -> None:
        self._permits.release(tokens)


class Room:
    """A session on a scripted studio, with everything it said."""

    def __init__(self, root: Path, studio: Studio, load: bool = True) -> None:
        self.journal, self.folder = Journal.create(root)
        self.studio = studio
        self.session = Session(self.journal, ModelHost(studio))
        self.heard: list[JournalRecord] = []
        self.states: list[SessionState] = []
        self.journal.listen(self.heard.append)
        self.journal.listen(lambda _: self.states.append(self.session.state))
        self.journal.append(ev.SessionOpened(session=self.journal.session, app="test", wall=""))
        if load:
            self.session.load_model("scripted")
            until(lambda: self.session.state.model and self.session.state.model.state == "ready")

    @property
    def state(self) -> SessionState:
        return self.session.state

    def all(self, kind: type[ev.Event]) -> list[Any]:
        return [record.event for record in self.heard if isinstance(record.event, kind)]

    def idle(self) -> None:
        until(lambda: not self.session.busy)

    def spoken(self) -> list[int]:
        return [token.id for token in self.state.path()[-1].tokens]


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path, Studio())
    yield room
    room.session.close("test over")


@pytest.fixture
def slow(tmp_path: Path, gate: Gate) -> Iterator[Room]:
    """A room whose model waits for the gate before every token."""
    room = Room(tmp_path, Studio(wait=gate))
    yield room
    room.session.cancel()
    gate.let(1000)
    room.session.close("test over")


def mixer(scale: float) -> dict[str, Any]:
    return Mixer((Channel(LOUD, scale=scale),)).to_json()


def test_a_chat_is_written_down_token_by_token(room: Room) -> None:
    room.session.chat("hello", settings={"max_new_tokens": 12})
    until(lambda: room.all(ev.AnswerStopped))
    you, answer = room.state.path()
    assert (you.role, you.text) == ("user", "hello")
    assert [t.id for t in answer.tokens] == list(range(12))
    assert answer.text == "the quick brown fox jumps over a lazy dog and the quick "
    assert answer.stop == "length"
    assert room.studio.instruments[0].heard == [[{"role": "user", "content": "hello"}]]


def test_the_state_is_the_fold_of_the_journal_at_every_event(room: Room) -> None:
    room.session.load_vector("loud")
    room.session.chat("hello", settings={"max_new_tokens": 200})
    for k in range(20):
        room.session.mixer(k, mixer(k / 10))
        room.session.note(f"note {k}")
    room.idle()
    room.session.chat("and then?", system="be brief")
    room.idle()
    kept = read(room.folder.journal).records
    assert list(kept) == room.heard
    state = SessionState()
    for record, live in zip(kept, room.states, strict=True):
        state = fold(state, record)
        assert state == live


def test_a_dial_is_acknowledged_with_the_token_it_first_steers(slow: Room, gate: Gate) -> None:
    slow.session.load_vector("loud")
    slow.session.chat("hello", settings={"max_new_tokens": 8})
    gate.let(3)
    answer = until_answer(slow)
    until(lambda: len(answer.steps) == 3 and answer._next == 4)
    assert slow.session.mixer(7, mixer(0.5)) == {"rev": 7, "gen": 0, "at": 4}
    gate.let(5)
    slow.idle()
    mixes = [token.mix for token in slow.state.path()[-1].tokens]
    assert mixes == [mix_hash(Mixer().to_json())] * 4 + [mix_hash(mixer(0.5))] * 4
    assert [(m.at, m.words) for m in slow.state.path()[-1].markers] == [
        (4, "+ loud +0.5 relative default band")
    ]


def until_answer(room: Room) -> Any:
    until(lambda: room.studio.instruments[0].answers and room.session._answers.current)
    return room.studio.instruments[0].answers[-1]


def test_an_overtaken_dial_is_said_to_be_and_leaves_no_marker(slow: Room, gate: Gate) -> None:
    slow.session.load_vector("loud")
    slow.session.chat("hello", settings={"max_new_tokens": 4})
    answer = until_answer(slow)
    until(lambda: answer._next == 1)
    slow.session.mixer(1, mixer(0.1))
    slow.session.mixer(2, mixer(0.2))
    gate.let(10)
    slow.idle()
    assert slow.all(ev.MixerSuperseded) == [ev.MixerSuperseded(rev=1, by=2, gen=0, at=1)]
    assert [m.at for m in slow.state.path()[-1].markers] == [1]
    assert slow.state.path()[-1].tokens[1].mix == mix_hash(mixer(0.2))


def test_every_acknowledged_index_is_the_truth_under_a_storm_of_dials(room: Room) -> None:
    room.session.load_vector("loud")
    room.studio.instruments[0].wait = lambda: time.sleep(0.0005)
    room.session.chat("go", settings={"max_new_tokens": 600})
    until_answer(room)
    acks = [room.session.mixer(k, mixer(random.Random(k).random())) for k in range(300)]
    room.idle()
    answer = room.studio.instruments[0].answers[0]
    tokens = room.state.path()[-1].tokens
    assert [token.mix for token in tokens] == [mix_hash(state) for state in answer.lived]
    overtaken = {dial.rev for dial in room.all(ev.MixerSuperseded)}
    for ack in acks:
        if ack["gen"] == 0 and ack["rev"] not in overtaken and ack["at"] < len(tokens):
            assert tokens[ack["at"]].mix == mix_hash(mixer(random.Random(ack["rev"]).random()))
    assert len(overtaken) < 300


def test_a_mixer_set_before_the_answer_steers_its_first_token(room: Room) -> None:
    room.session.load_vector("loud")
    assert room.session.mixer(1, mixer(0.5)) == {"rev": 1, "gen": None, "at": 0}
    room.session.chat("hello", settings={"max_new_tokens": 3})
    room.idle()
    assert {token.mix for token in room.state.path()[-1].tokens} == {mix_hash(mixer(0.5))}
    assert room.state.path()[-1].tokens[0].proj == {"loud": 0.5}


def test_a_refused_mixer_changes_nothing(room: Room) -> None:
    room.session.load_vector("loud")
    for state in (mixer(101), {"channels": [{"name": "unknown", "sha256": None}]}):
        with pytest.raises(BadInput):
            room.session.mixer(1, state)
    assert room.all(ev.MixerChanged) == []


def test_cancel_stops_after_the_token_that_was_being_made(slow: Room, gate: Gate) -> None:
    slow.session.chat("hello")
    answer = until_answer(slow)
    gate.let(5)
    until(lambda: len(answer.steps) == 5 and answer._next == 6)
    slow.session.cancel()
    gate.let(1)
    slow.idle()
    assert (len(slow.spoken()), slow.state.path()[-1].stop) == (6, "cancel")


def test_a_pause_holds_between_tokens_and_cancel_ends_it(slow: Room, gate: Gate) -> None:
    slow.session.chat("hello")
    until_answer(slow)
    slow.session.pause(True)
    gate.let(2)
    until(lambda: slow.state.word == "paused")
    assert len(slow.spoken()) == slow.all(ev.PauseChanged)[0].at == 1
    slow.session.cancel()
    slow.idle()
    assert [pause.paused for pause in slow.all(ev.PauseChanged)] == [True, False]


def test_a_rewind_takes_tokens_back_and_the_answer_goes_on(slow: Room, gate: Gate) -> None:
    slow.session.chat("hello", settings={"max_new_tokens": 10})
    answer = until_answer(slow)
    gate.let(6)
    until(lambda: len(answer.steps) == 6 and answer._next == 7)
    slow.session.rewind(4)
    gate.let(1)
    until(lambda: slow.all(ev.AnswerRewound))
    assert slow.all(ev.AnswerRewound) == [ev.AnswerRewound(gen=0, to=3, dropped=4)]
    gate.let(20)
    slow.idle()
    assert slow.spoken() == list(range(10))


def test_a_rewind_in_a_pause_is_done_in_the_pause(slow: Room, gate: Gate) -> None:
    slow.session.chat("hello", settings={"max_new_tokens": 10})
    answer = until_answer(slow)
    gate.let(5)
    until(lambda: answer._next == 6)
    slow.session.pause(True)
    gate.let(1)
    until(lambda: slow.state.word == "paused")
    slow.session.rewind(4)
    until(lambda: len(slow.spoken()) == 2)
    assert slow.state.word == "paused"
    slow.session.pause(False)
    gate.let(20)
    slow.idle()
    assert slow.spoken() == list(range(10))


def test_a_rewind_after_the_end_goes_on_in_another_answer(room: Room) -> None:
    room.session.chat("hello", settings={"max_new_tokens": 5})
    room.idle()
    assert room.session.rewind(3) == {"at": 2}
    room.idle()
    first, second = [turn for turn in room.state.turns.values() if turn.gen is not None]
    assert (second.parent, second.given_text) == (first.parent, "the quick ")
    assert second.text.startswith("the quick the quick brown")
    with pytest.raises(UsageError, match="positive number"):
        room.session.rewind(0)


def test_a_slow_pace_never_keeps_a_stop_waiting(room: Room) -> None:
    room.session.chat("hello", settings={"pace": 0.0001})
    until(lambda: room.spoken() == [0])
    room.session.cancel()
    room.idle()
    answer = room.state.path()[-1]
    assert (len(answer.tokens), answer.stop, answer.settings) == (1, "cancel", {"pace": 0.0001})


def test_a_distractor_is_marked_where_it_came(slow: Room, gate: Gate) -> None:
    slow.session.chat("hello", settings={"max_new_tokens": 5})
    answer = until_answer(slow)
    gate.let(2)
    until(lambda: len(answer.steps) == 2 and answer._next == 3)
    slow.session.inject("look, a squirrel", how="tool")
    gate.let(10)
    slow.idle()
    assert [(m.at, m.kind, m.words) for m in slow.state.path()[-1].markers] == [
        (3, "inject", "look, a squirrel")
    ]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"unknown": 1}, "there is no setting 'unknown'"),
        ({"max_new_tokens": "p50"}, "max_new_tokens must be a whole number, not 'p50'"),
        ({"prefill": 5}, "prefill must be a text, not 5"),
        ({"stop": [1]}, r"stop must be a text or a list of texts, not \[1\]"),
        ({"seed": True}, "seed must be a whole number, not True"),
        ({"script": [3]}, r"script must be an object, not \[3\]"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused_before_anything_is_recorded(
    room: Room, settings: dict[str, Any], why: str
) -> None:
    room.session.chat("hello")
    room.idle()
    before = room.state.turns
    with pytest.raises(UsageError, match=why):
        room.session.chat("hello", settings=settings)
    with pytest.raises(UsageError, match=why):
        room.session.regenerate(settings=settings)
    assert room.state.turns == before


def test_a_scheduled_flip_is_worded_like_one_at_the_desk(room: Room) -> None:
    room.session.load_vector("loud")
    room.session.mixer(1, mixer(0.5))
    room.session.chat("hello", settings={"max_new_tokens": 4, "script": {"flip_at": 2}})
    room.idle()
    flip = room.state.path()[-1].markers[-1]
    assert (flip.at, flip.words) == (2, "FLIP loud → −0.50 rel")
    assert [change.kind for change in flip.changes] == ["flipped"]


def test_a_failing_answer_keeps_its_tokens_and_the_next_one_works(room: Room) -> None:
    room.session.chat("break off")
    room.idle()
    failed = room.state.path()[-1]
    assert (len(failed.tokens), failed.stop) == (3, "error")
    assert room.state.error == "token 3: the model's logits are not finite"
    room.session.chat("again")
    room.idle()
    assert room.state.path()[-1].stop == "length"


def test_out_of_memory_ends_one_answer_and_nothing_else(room: Room) -> None:
    room.session.chat("run out of memory")
    room.idle()
    hungry = room.state.path()[-1]
    assert (len(hungry.tokens), hungry.stop) == (3, "oom")
    assert room.studio.instruments[0].answers == []
    room.session.chat("again")
    room.idle()
    assert room.state.path()[-1].stop == "length"


def test_a_prompt_that_cannot_be_spoken_is_an_answer_that_says_why(room: Room) -> None:
    room.session.chat("too long")
    room.idle()
    assert room.state.path()[-1].stop == "error"
    assert room.state.error == "prompt is 9000 tokens, limit 8192"


def test_one_prompt_may_wait_for_the_model_and_no_more(tmp_path: Path) -> None:
    opened = threading.Event()

    class Slowly(Studio):
        def load(self, *args: Any) -> Any:
            opened.wait(10)
            return super().load(*args)

    room = Room(tmp_path, Slowly(), load=False)
    with pytest.raises(UsageError, match="no model is loaded"):
        room.session.chat("hello")
    room.session.load_model("scripted")
    assert room.state.word == "loading"
    assert room.session.chat("hello")["queued"]
    with pytest.raises(UsageError, match="waiting already"):
        room.session.chat("me too")
    opened.set()
    room.idle()
    assert [turn.role for turn in room.state.path()] == ["user", "assistant"]
    room.session.close("done")


def test_a_model_that_fails_to_load_says_so_and_another_can_be_loaded(tmp_path: Path) -> None:
    room = Room(tmp_path, Studio(), load=False)
    room.session.load_model("absent")
    until(lambda: room.state.model and room.state.model.state == "failed")
    assert room.state.model
    assert room.state.model.note == "there is no model 'absent'"
    room.session.load_model("scripted")
    until(lambda: room.state.model and room.state.model.state == "ready")
    room.session.close("done")


def test_regenerate_answers_the_same_turn_again_beside_the_first(room: Room) -> None:
    room.session.chat("hello", settings={"max_new_tokens": 3})
    room.idle()
    room.session.regenerate(settings={"seed": 2})
    room.idle()
    first, second = [turn for turn in room.state.turns.values() if turn.role == "assistant"]
    assert first.parent == second.parent == 0
    assert second.settings == {"max_new_tokens": 3, "seed": 2}
    assert room.state.head == second.id


def test_an_edited_turn_branches_and_both_branches_stay(room: Room) -> None:
    for text in ("one", "two"):
        room.session.chat(text, settings={"max_new_tokens": 2})
        room.idle()
    room.session.chat("two, but better", parent=1, settings={"max_new_tokens": 2})
    room.idle()
    assert [turn.given_text for turn in room.state.path() if turn.role == "user"] == [
        "one",
        "two, but better",
    ]
    assert [turn.given_text for turn in room.state.path(3) if turn.role == "user"] == ["one", "two"]


def test_a_vector_on_the_mixer_stays_and_a_name_belongs_to_one_vector(room: Room) -> None:
    room.session.load_vector("loud")
    room.session.mixer(1, mixer(0.5))
    with pytest.raises(UsageError, match="on the mixer"):
        room.session.remove_vector("loud")
    with pytest.raises(UsageError, match="already called 'loud'"):
        room.session.load_vector("quiet", name="loud")
    room.session.mixer(2, Mixer().to_json())
    room.session.remove_vector("loud")
    assert room.state.vectors == {}


def test_an_old_journal_is_taken_up_where_it_stopped(tmp_path: Path) -> None:
    room = Room(tmp_path, Studio())
    room.session.chat("hello")
    room.idle()
    room.session.close("over")
    journal, reading = Journal.resume(room.folder)
    session = Session(journal, ModelHost(Studio()), state=fold_all(reading.records))
    assert session.state.path() == room.state.path()
    session.load_model("scripted")
    session.chat("go on")
    until(lambda: not session.busy)
    assert [turn.role for turn in session.state.path()] == ["user", "assistant"] * 2
    session.close("over")


def test_every_marker_of_a_mixer_has_its_line(slow: Room, gate: Gate) -> None:
    """A journal folded elsewhere: each line parses to the state that its event announces."""
    slow.session.load_vector("loud")
    slow.session.mixer(1, mixer(0.5))
    slow.session.chat("hello", settings={"max_new_tokens": 4})
    gate.let(1)
    answer = until_answer(slow)
    until(lambda: answer._next == 2)
    slow.session.mixer(2, Mixer((Channel(LOUD, scale=-2.0, layers="40%-85%", muted=True),)).to_json())
    gate.let(10)
    slow.idle()
    turn = slow.state.path()[-1]
    lines = [marker.expression for marker in turn.markers if marker.kind == "mixer"]
    assert lines == ["0.5 relative loud", "-2.0 relative loud@40%-85%[muted]"]
    changed = slow.all(ev.MixerChanged)
    assert slow.state.mixer.expression == lines[-1]
    for event in changed:
        read_back = Mixer.parse(event.expression, {"loud": LOUD}.__getitem__)
        assert mix_hash(read_back.to_json()) == event.mix
