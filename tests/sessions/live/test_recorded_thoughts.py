"""Thoughts in the journal: the region of every token, the budget as an injection, and the same again in a verify."""

from __future__ import annotations

from typing import Any

from core.mixer.mixer import Mixer
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.prompt_hash import hash_ids
from sessions.live.generation import AnswerRecorder, stamp_mixer
from sessions.live.torch_backend import TorchModel
from sessions.recorded.verify import REPEATED_EVENTS, RecordedAnswer, replay_answer
from sessions.state.fold import fold_all
from sessions.state.mixer_words import mix_hash
from tests.core.generation.test_thoughts import thinker

MESSAGES = [{"role": "user", "content": "Hi"}]
SETTINGS: dict[str, Any] = {"max_new_tokens": 9, "thought_budget": 4, "ignore_end": True}
MIX = mix_hash(Mixer().to_json())


def recorded() -> tuple[ev.AnswerStarted, list[ev.Event]]:
    prepared = TorchModel(thinker()).prepare_answer(MESSAGES, Mixer(), SETTINGS)
    started = ev.AnswerStarted(
        gen=0,
        turn=1,
        parent=0,
        prompt_sha=hash_ids(prepared.prompt_ids),
        reused=prepared.reused,
        settings=SETTINGS,
        mix=MIX,
    )
    events: list[ev.Event] = []
    end = AnswerRecorder(started, prepared, events.append, stamp_mixer(Mixer())).run()
    return started, [*events, end]


def test_every_token_has_its_region_and_the_budget_is_an_injection() -> None:
    started, events = recorded()
    tokens = [event for event in events if isinstance(event, ev.TokensGenerated)]
    assert [event.region for event in tokens for _ in event.ids] == [*["thinking"] * 4, *[""] * 5]
    (closed,) = [event for event in events if isinstance(event, ev.TextInjected)]
    assert (closed.text, closed.how, closed.at, closed.source) == ("</think>", "own", 4, "thought budget")
    asked = ev.TurnAdded(turn=0, text="Hi")
    records = [JournalRecord(n, 0, event) for n, event in enumerate([asked, started, *events])]
    turn = fold_all(records).turns[1]
    assert [token.region for token in turn.tokens] == [*["thinking"] * 4, *[""] * 5]
    assert [marker.source for marker in turn.markers] == ["thought budget"]


def test_a_thought_that_was_closed_is_verified_bit_for_bit() -> None:
    started, events = recorded()
    repeated = tuple(event for event in events if isinstance(event, REPEATED_EVENTS))
    answer = RecordedAnswer(started, MESSAGES, repeated)
    check = replay_answer(TorchModel(thinker()), answer, {MIX: Mixer()})
    assert (check.grade, check.tokens) == ("bit-exact", 9)
