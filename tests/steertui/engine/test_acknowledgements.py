"""A thousand dials on the real engine: every acknowledgement is held against the journal and a run of its own."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import core
import steertui
import vectors
from core.generation import prefill
from core.mixer.mixer import Channel, Mixer
from sessions.journal import events as ev
from sessions.journal.folder import all_folders
from sessions.journal.reader import read
from sessions.live.torch_backend import TorchBackend
from sessions.state.fold import fold_all
from sessions.state.mixer_words import mix_hash
from sessions.state.state import ROOT
from steertui import paths
from steertui.engine.connect import EngineConnection
from steertui.engine.inline import InlineEngine
from steertui.engine.process import EngineProcess as Process
from steertui.engine.sockets import EngineSocket

DIALS = 1000
LONG = 400


@pytest.fixture
def engine(tiny: Path) -> Iterator[EngineConnection]:
    process = Process(
        EngineSocket(paths.runtime_folder(), "test"), TorchBackend(), paths.sessions_folder(), str(tiny)
    )
    with InlineEngine(process) as running, steertui.connect(socket=running.path) as screen:
        screen.ready(120)
        yield screen


def turned(vector: Any, k: int) -> Mixer:
    dice = random.Random(k)
    layers = tuple(sorted(dice.sample(range(4), dice.randint(1, 3))))
    return Mixer((Channel(vector, scale=dice.uniform(-1, 1), unit="relative", layers=layers),))


def answering(engine: EngineConnection, text: str = "hello", **settings: Any) -> int:
    """Asks on a tree of its own, and returns as soon as tokens come."""
    how = {"max_new_tokens": LONG, "ignore_end": True, **settings}
    turn = int(engine.ask("chat", text=text, parent=ROOT, settings=how)["turn"])
    engine._until(lambda state: any(t.parent == turn and t.tokens for t in state.turns.values()), 60)
    return turn


def test_a_thousand_acknowledgements_name_the_right_token(
    engine: EngineConnection, tiny: Path, push: Path
) -> None:
    name = engine.ask("vector.load", source=str(push))["name"]
    known = engine.state.vectors[name]
    first = engine.mix(turned(known, 0))["rev"]
    acks: list[dict[str, Any]] = []
    while len(acks) < DIALS:
        turn = answering(engine, temperature=0.8, seed=len(acks), pace=2000)
        while len(acks) < DIALS and not any(t.parent == turn and t.stop for t in engine.state.turns.values()):
            acks.append({"k": len(acks) + 1, **engine.mix(turned(known, len(acks) + 1))})
        engine.ask("cancel")
        engine._until(lambda state: state.running is None, 60)
    records = read(all_folders(paths.sessions_folder())[0].journal).records
    overtaken = {r.event.rev for r in records if isinstance(r.event, ev.MixerSuperseded)}
    heard = [ack for ack in acks if ack["rev"] not in overtaken]
    assert first not in overtaken
    assert len(heard) > DIALS / 20
    held_against_the_journal(records, acks, known)
    held_against_a_run(records, acks, overtaken, tiny, push)


def held_against_the_journal(records: Any, acks: list[dict[str, Any]], known: Any) -> None:
    """The journal has each as it was acknowledged."""
    written = {r.event.rev: r.event for r in records if isinstance(r.event, ev.MixerChanged)}
    for ack in acks:
        event = written[ack["rev"]]
        assert (event.gen, event.at) == (ack["gen"], ack["at"])
        assert event.mix == mix_hash(turned(known, ack["k"]).to_json())


def held_against_a_run(
    records: Any, acks: list[dict[str, Any]], overtaken: set[int], tiny: Path, push: Path
) -> None:
    """The same answers by `core` alone, with each dial turned at the token it was acknowledged with: the same bits."""
    model, vector = core.load(str(tiny)), vectors.read(push)
    spoken = {
        turn.gen: [(token.id, token.lp) for token in turn.tokens] for turn in fold_all(records).turns.values()
    }
    gens = [record.event for record in records if isinstance(record.event, ev.AnswerStarted)]
    mixer = turned(vector, 0)
    for gen in gens:
        schedule = {
            ack["at"]: turned(vector, ack["k"])
            for ack in acks
            if ack["gen"] == gen.gen and ack["rev"] not in overtaken
        }
        settings = {name: value for name, value in gen.settings.items() if name != "pace"}
        live = core.stream(model, "hello", mixer=schedule.get(0, mixer), **settings)
        for token, lp in spoken[gen.gen]:
            if live.steps and len(live.steps) in schedule:
                live.mixer = schedule[len(live.steps)]
            step = next(live)
            assert (step.token_id, step.logprob) == (token, lp), (gen.gen, step.index)
        late = [ack["k"] for ack in acks if ack["gen"] in (gen.gen, None)]
        mixer = turned(vector, max(late)) if late else mixer


def test_cancel_ends_the_answer_within_the_step_that_runs(engine: EngineConnection) -> None:
    turn = answering(engine, pace=200)
    at = engine.ask("cancel")["at"]
    engine._until(lambda state: state.running is None, 60)
    (answer,) = (t for t in engine.state.turns.values() if t.parent == turn)
    assert answer.stop == "cancel"
    assert at <= len(answer.tokens) <= at + 1


def test_cancel_lands_between_two_chunks_of_a_long_prefill(
    engine: EngineConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one token is made, and what was encoded so far is not encoded again."""
    monkeypatch.setattr(prefill, "FIRST_CHUNK", 8)
    monkeypatch.setattr(prefill, "_next_size", lambda tokens, seconds: time.sleep(0.05) or 8)
    turn = engine.ask("chat", text="word " * 90, parent=ROOT, settings={"max_new_tokens": 3})["turn"]
    engine._until(lambda state: state.running is not None, 60)
    engine.ask("cancel")
    engine._until(lambda state: any(t.parent == turn and t.stop for t in state.turns.values()), 60)
    (answer,) = (t for t in engine.state.turns.values() if t.parent == turn)
    assert (answer.stop, answer.tokens) == ("cancel", ())
    events = [record.event for record in read(all_folders(paths.sessions_folder())[0].journal).records]
    (gen,) = (event for event in events if isinstance(event, ev.AnswerStarted))
    chunks = [event for event in events if isinstance(event, ev.PrefillChunk)]
    assert chunks[-1].end < gen.prompt_tokens, "the prompt was not encoded to its end"
