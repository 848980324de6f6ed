"""Silence is noticed and told, and so is its end; an engine that nobody needs goes, one that is needed stays."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from sessions.journal import events as ev
from sessions.journal.reader import read
from steertui import paths
from steertui.engine import client as client_side
from steertui.engine import server as server_side
from steertui.engine.client import EngineClient
from steertui.engine.launch import find_engines
from tests.sessions.scripted import Studio
from tests.steertui.engine.test_server import answered, engine, reached

BEAT_S = 0.05


@pytest.fixture(autouse=True)
def quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_side, "BEAT_S", BEAT_S)
    monkeypatch.setattr(client_side, "BEAT_S", 5 * BEAT_S)


def test_an_engine_that_hangs_is_called_silent_until_it_is_heard_again() -> None:
    goes_on = threading.Event()

    async def listen(path: Path, hang: object) -> list[str]:
        client = await EngineClient.open(path)
        await reached(client, lambda c: c.state.model)
        assert client.connection == "up"
        assert callable(hang)
        hang()
        await reached(client, lambda c: c.connection == "silent")
        goes_on.set()
        await reached(client, lambda c: c.connection == "up")
        await answered(client, "still there?", max_new_tokens=3)
        await client.close()
        return [
            item["ev"] async for item in client.items() if isinstance(item, dict) and item["ev"] != "beat"
        ]

    with engine() as running:
        assert running._loop is not None
        loop = running._loop
        told = asyncio.run(listen(running.path, lambda: loop.call_soon_threadsafe(goes_on.wait, 60)))
    assert told == ["silent", "up"], "no new connection was needed"


def test_a_model_that_loads_is_given_more_time() -> None:
    """Loading keeps the interpreter busy for long stretches: ten times the silence is nothing to worry about."""
    patience = []

    async def listen(path: Path) -> None:
        client = await EngineClient.open(path)
        await reached(client, lambda c: c.state.word == "loading")
        patience.append(client._silence_limit())
        let_go.set()
        await reached(client, lambda c: c.state.word == "idle" and c.state.model)
        patience.append(client._silence_limit())
        await client.close()

    class Slowly(Studio):
        def load(self, *args: object) -> object:  # type: ignore[override]
            let_go.wait(20)
            return super().load(*args)  # type: ignore[arg-type]

    let_go = threading.Event()
    with engine(Slowly()) as running:
        asyncio.run(listen(running.path))
    assert patience[0] == 10 * patience[1]


def test_an_engine_stays_while_somebody_is_there_or_something_is_spoken_and_then_goes() -> None:
    async def stay(path: Path) -> None:
        client = await EngineClient.open(path)
        await asyncio.sleep(6 * BEAT_S)
        await reached(client, lambda c: c.state.model)
        await client.ask("chat", text="go", settings={"max_new_tokens": 60})
        await client.close()

    with engine(Studio(pace=BEAT_S / 5), idle_exit=2 * BEAT_S) as running:
        asyncio.run(stay(running.path))
        running._thread.join(30)
        assert not running._thread.is_alive()
    assert find_engines() == []
    (journal,) = paths.sessions_folder().glob("*/*/journal.jsonl")
    events = [record.event for record in read(journal).records]
    (stop,) = (event for event in events if isinstance(event, ev.AnswerStopped))
    assert (stop.reason, stop.tokens) == ("length", 60), "the answer nobody listened to was finished"
    last = events[-1]
    assert isinstance(last, ev.SessionClosed)
    assert last.reason.startswith("idle for ")
