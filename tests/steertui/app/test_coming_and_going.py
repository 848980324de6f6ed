"""Engines come late, go away and come back; sessions change; what was said and what was set stays."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import steertui
from core.errors import EngineUnavailable
from steertui import paths
from steertui.engine.inline import InlineEngine
from steertui.engine.launch import probe_engine
from steertui.engine.process import EngineProcess
from steertui.engine.sockets import EngineSocket
from steertui.widgets.transcript.document import TextPiece
from tests.sessions import scripted
from tests.steertui import scripted_engine
from tests.steertui.app.stage import Stage, desk_at, stage
from tests.steertui.scripted_engine import Studio

pytestmark = pytest.mark.anyio


def spoken(stage: Stage) -> str:
    return stage.desk.transcript.document.last_answer()


async def test_a_prompt_waits_for_the_model() -> None:
    async with stage(Studio()) as at:
        await at.until(lambda: at.word == "loading")
        await at.type("Who are you?")
        await at.until(lambda: any("queued" in note for note in at.notes))
        at.studio.loaded.set()
        await at.until(lambda: at.word == "generating")
        assert not any("queued" in note for note in at.notes)
        await at.play(1)
        assert spoken(at) == "I"


async def test_a_lost_engine_leaves_the_page_and_the_next_one_gets_the_mixer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = Studio()
    first.loaded.set()
    with scripted_engine.engine(first, name="first") as engine:
        async with desk_at(engine.path, first) as at:
            await at.add("pirate")
            at.desk.prompt.focus()
            await at.ask("hello there")
            await at.play(4)
            first.metronome.tick(1000)
            engine.close()
            await at.until(lambda: at.word == "lost")
            await at.sees("ctrl+r starts it again")
            second = Studio()
            second.loaded.set()
            with scripted_engine.engine(second, name="second") as other:
                monkeypatch.setattr(
                    "steertui.engine.launch.ensure_engine", lambda model, *_, **__: other.path
                )
                await at.press("ctrl+r")
                await at.until(lambda: at.desk.link.state.mixer.state)
                assert [c["name"] for c in at.desk.link.state.mixer.state["channels"]] == ["pirate"]
                assert spoken(at).startswith("I will not give")
                assert any("does not know the conversation" in note for note in at.notes)
                at.studio = second
                at.desk.prompt.focus()
                await at.ask("and now?")
                await at.play(2)
                await at.sees("hello there", "and now?")


async def test_who_only_watches_the_next_engine_shows_what_goes_on_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = Studio(), Studio()
    first.loaded.set()
    second.loaded.set()
    with scripted_engine.engine(first, name="first") as engine:
        async with desk_at(engine.path, first) as at:
            await at.add("pirate")
            at.desk.prompt.focus()
            await at.ask("hello there")
            first.metronome.tick(1000)
            engine.close()
            await at.until(lambda: at.word == "lost")
            with (
                scripted_engine.engine(second, name="second") as other,
                steertui.connect(socket=other.path) as writer,
            ):
                writer.ready()
                writer.ask("note", text="somebody else was here first")
                monkeypatch.setattr(
                    "steertui.engine.launch.ensure_engine", lambda model, *_, **__: other.path
                )
                await at.press("ctrl+r")
                await at.until(lambda: at.desk.link.observer and "somebody else was here first" in at.notes)
                assert not at.desk.mixer_panel.board.mixer.channels, "the desk of who is in control"
                assert not any("take_control" in toast for toast in at.toasts)
                await at.sees("WATCHING")


async def test_what_is_said_in_mid_answer_stands_below_the_answer() -> None:
    async with stage() as at:
        await at.ask("Help me with the parser.")
        await at.play(3)
        at.desk.prompt.focus()
        await at.type("And the ledger?")
        await at.until(lambda: at.desk.feed.waiting_items)
        await at.sees("transcript · 1 queued")
        await at.play(2)
        assert spoken(at) == "I will not give up"
        at.studio.metronome.tick(len(at.studio.script) - 5)
        await at.sees("you  And the ledger?")
        items = at.desk.transcript.document.items
        said = next(
            place for place, item in enumerate(items) if getattr(item, "text", "") == "And the ledger?"
        )
        before = [item.index for item in items[:said] if isinstance(item, TextPiece) and item.index >= 0]
        assert before == list(range(len(at.studio.script)))
        assert at.desk.transcript.border_title == "transcript"


async def test_what_waits_can_be_taken_back() -> None:
    async with stage(Studio()) as at:
        await at.until(lambda: at.word == "loading")
        await at.type("Who are you?")
        await at.until(lambda: at.desk.feed.has_queued)
        await at.press("escape")
        assert not any("queued" in note for note in at.notes)
        at.studio.loaded.set()
        await at.ready()
        assert not at.pieces


async def test_quit_asks_and_detaching_leaves_the_engine(capsys: pytest.CaptureFixture[str]) -> None:
    async with stage() as at:
        await at.ready()
        await at.press("ctrl+q")
        await at.sees("the engine goes on")
        await at.press("enter")
        await at.until(lambda: not at.pilot.app.is_running)
        assert at.pilot.app.return_code == 0
        assert probe_engine(at.desk.link.client.path) is not None
    assert "The engine goes on: steertui attach" in capsys.readouterr().err


async def test_shutting_down_says_which_session_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio, record=True) as engine:
        async with desk_at(engine.path, studio) as at:
            await at.ask("hello there")
            at.studio.metronome.tick(1000)
            await at.ready()
            session = at.desk.link.state.session[-6:]
            await at.press("ctrl+q", "down", "enter")
            await at.until(lambda: not at.pilot.app.is_running)
    assert f"Session {session} is kept" in capsys.readouterr().err


async def test_a_message_before_there_is_an_engine_is_kept_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    studio, started = Studio(), threading.Event()
    studio.loaded.set()
    with scripted_engine.engine(studio, name="slow") as engine:

        def starting(model: str, *_: Any, **__: Any) -> Path:
            started.wait(20)
            return engine.path

        monkeypatch.setattr("steertui.engine.launch.ensure_engine", starting)
        async with desk_at(None, studio) as at:
            assert at.word == "starting"
            await at.type("Who are you?")
            await at.sees("queued until the engine is there: Who are you?")
            started.set()
            await at.until(lambda: at.word == "generating")
            await at.play(1)
            assert not any("queued" in note for note in at.notes)
            await at.sees("Who are you?")


async def test_an_engine_that_cannot_be_had_is_told_and_the_words_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(model: str, *_: Any, **__: Any) -> Path:
        raise EngineUnavailable("no room for an engine")

    monkeypatch.setattr("steertui.engine.launch.ensure_engine", refused)
    async with desk_at(None, Studio()) as at:
        await at.until(lambda: at.word == "lost")
        await at.type("hello")
        await at.until(lambda: at.desk.prompt.text == "hello")
        assert any("no room for an engine" in toast for toast in at.toasts)


async def test_a_new_session_is_an_empty_page_under_the_same_mixer() -> None:
    async with stage() as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask("hello there")
        at.studio.metronome.tick(1000)
        await at.ready()
        before = at.desk.link.state.session
        gauges, readings = at.desk.transcript_panel.gauges, at.desk.mixer_panel.strips.readings
        await at.until(lambda: readings["pirate"].last is not None)
        await at.press("ctrl+n")
        await at.until(lambda: at.desk.link.state.session not in ("", before))
        await at.until(lambda: at.desk.mixer_panel.board.mixer.channels and not at.pieces)
        assert "hello there" not in "\n".join(at.drawn())
        assert at.desk.mixer_panel.board.channel.label == "pirate"
        assert readings["pirate"].last is None
        assert not any(gauges.series.values())
        assert not gauges.drift


@pytest.mark.parametrize("record", [True, False])
async def test_the_next_engine_loads_and_records_as_the_lost_one_did(
    record: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def ensure(model: str, options: Mapping[str, Any], *, record: bool) -> Path:
        asked.append((model, options, record))
        raise EngineUnavailable("there is none")

    monkeypatch.setattr("steertui.engine.launch.ensure_engine", ensure)
    way = {"dtype": "bfloat16"}
    door, sessions = EngineSocket(paths.runtime_folder(), "lost"), paths.sessions_folder() if record else None
    with InlineEngine(EngineProcess(door, scripted.Studio(), sessions, "scripted", way)) as engine:
        async with desk_at(engine.path, Studio()) as at:
            await at.ready()
            engine.close()
            await at.until(lambda: at.word == "lost")
            await at.press("ctrl+r")
            await at.until(lambda: asked)
    assert asked == [("scripted", way, record)]


async def test_a_recorded_session_goes_on_in_the_next_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Studio(), Studio()
    first.loaded.set()
    second.loaded.set()
    with scripted_engine.engine(first, name="first", record=True) as engine:
        async with desk_at(engine.path, first) as at:
            await at.ask("hello there")
            first.metronome.tick(1000)
            await at.ready()
            engine.close()
            await at.until(lambda: at.word == "lost")
            with scripted_engine.engine(second, name="second", record=True) as other:
                monkeypatch.setattr(
                    "steertui.engine.launch.ensure_engine", lambda model, *_, **__: other.path
                )
                await at.press("ctrl+r")
                await at.until(lambda: at.word == "idle")
                await at.until(lambda: spoken(at).endswith("walk."))
                assert not any("does not know the conversation" in note for note in at.notes)
                at.studio = second
                at.desk.prompt.focus()
                await at.ask("and now?")
                await at.play(2)
                assert [
                    said["content"] for said in second.instrument.heard[-1] if said["role"] == "user"
                ] == [
                    "hello there",
                    "and now?",
                ]
