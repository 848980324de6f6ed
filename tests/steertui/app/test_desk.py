"""What a user does at the desk, key by key, against the real engine with a scripted model."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual import events

from core.errors import EngineUnavailable
from steertui.engine.launch import probe
from steertui.screens.desk import board as hands
from steertui.screens.desk.board import Known
from steertui.widgets.prompt import Prompt
from tests.steertui import scripted_engine
from tests.steertui.app.stage import Stage, desk_at, stage
from tests.steertui.scripted_engine import Studio, words
from tests.steertui.widgets.test_text import HOSTILE, talks_to_terminal

pytestmark = pytest.mark.anyio


def spoken(stage: Stage) -> str:
    return stage.desk.transcript.document.last_answer()


async def test_chat() -> None:
    async with stage() as at:
        await at.ask("Help me with the parser.")
        await at.play(5)
        assert spoken(at) == "I will not give up"
        await at.sees("you  Help me with the parser.", "asst I will not give up")
        at.studio.metronome.tick(1000)
        await at.ready()
        assert spoken(at) == " ".join(at.studio.script).replace("  ", " ")


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


async def test_add_a_vector_and_raise_it() -> None:
    async with stage() as at:
        await at.add("pirate")
        assert [channel.label for channel in at.desk.rack.board.mixer.channels] == ["pirate"]
        scale = at.desk.rack.board.channel.scale
        await at.press("right_square_bracket", "right_curly_bracket")
        assert at.desk.rack.board.channel.scale == pytest.approx(scale + 0.05 + 0.25)
        await at.until(lambda: at.desk.link.state.desk.rev == at.desk.rev)
        heard = at.desk.link.state.desk.state["channels"][0]
        assert (heard["name"], heard["scale"]) == ("pirate", at.desk.rack.board.channel.scale)
        await at.press("0")
        assert at.desk.rack.board.channel.scale == 0


async def test_an_answer_says_what_it_starts_under() -> None:
    async with stage() as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask()
        await at.play(1)
        assert [(marker.at, marker.text[:11]) for marker in at.markers] == [(0, "pirate +0.3")]


async def test_flip_in_mid_answer_is_marked_at_the_token() -> None:
    async with stage() as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask()
        await at.play(4)
        await at.press("f")
        await at.until(lambda: at.desk.link.state.desk.rev == at.desk.rev)
        await at.play(3)
        # The model waited inside the pass of token 4, which began before the key: the flip acts on token 5.
        flip = next(marker for marker in at.markers if marker.text.startswith("FLIP"))
        assert (flip.text, flip.at) == ("FLIP pirate → −0.30 rel", 5)
        items = at.desk.transcript.document.items
        before, after = items[items.index(flip) - 1], items[items.index(flip) + 1]
        assert (before.index, after.index) == (4, 5)
        lived = at.studio.instrument.answers[-1].lived
        assert [state["channels"][0]["flipped"] for state in lived[:7]] == [False] * 5 + [True] * 2


async def test_cap_asks_once_and_then_toggles() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("c")
        await at.press(*">0.5 <2", "enter")
        await at.until(lambda: at.desk.rack.board.channel.capped)
        channel = at.desk.rack.board.channel
        assert (channel.floor, channel.ceiling) == (0.5, 2.0)
        await at.sees("cap ≥ 0.5 ≤ 2")
        await at.press("c")
        assert not at.desk.rack.board.channel.capped
        await at.press("c")
        assert at.desk.rack.board.channel.floor == 0.5


async def test_a_wrong_cap_is_explained_and_asked_again() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("C")
        await at.press(*"loud", "enter")
        await at.sees("cannot read 'loud' as a cap")
        await at.press("escape")
        assert not at.desk.rack.board.channel.capped


async def test_pause_and_stop() -> None:
    async with stage() as at:
        await at.ask()
        await at.play(2)
        await at.press("space")
        at.studio.metronome.tick(1)
        await at.until(lambda: at.word == "paused")
        held = len(at.pieces)
        await at.press("space")
        await at.until(lambda: at.word == "generating")
        await at.play(2)
        assert len(at.pieces) >= held + 1
        await at.press("escape")
        at.studio.metronome.tick(1)
        await at.ready()
        assert any(note.startswith("stopped after") for note in at.notes)


async def test_play_comes_by_itself_and_goes_again() -> None:
    async with stage() as at:
        await at.ready()
        assert at.desk.modes.name == "TYPE"
        await at.ask()
        assert at.desk.modes.name == "PLAY"
        at.studio.metronome.tick(1000)
        await at.until(lambda: at.desk.modes.name == "TYPE")


async def test_somebody_who_types_is_left_alone() -> None:
    async with stage() as at:
        await at.ready()
        at.desk.prompt.insert("first")
        at.desk.prompt.action_send()
        at.desk.prompt.insert("flip")
        await at.until(lambda: at.word == "generating")
        assert at.desk.modes.name == "TYPE"
        assert at.desk.prompt.text == "flip"


async def test_an_unbound_letter_points_to_the_map() -> None:
    async with stage() as at:
        await at.ready()
        await at.press("tab", "q")
        assert any("? shows the map" in toast for toast in at.toasts)


async def test_bypass_mute_solo_and_the_status_line() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("x", "m", "s")
        mixer = at.desk.rack.board.mixer
        assert (mixer.bypassed, mixer.channels[0].muted, mixer.channels[0].solo) == (True, True, True)
        await at.until(lambda: "BYPASS" in at.drawn()[0])


async def test_a_refused_mixer_springs_back() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("equals_sign")
        await at.press(*"500", "enter")
        await at.until(lambda: any("too loud" in toast for toast in at.toasts))
        assert at.desk.rack.board.channel.scale == 0.3


async def test_a_missing_vector_is_told() -> None:
    async with stage() as at:
        await at.ready()
        await at.press("tab", "a", *"missing", "enter")
        await at.until(lambda: any("no vector 'missing'" in toast for toast in at.toasts))
        assert not at.desk.rack.board.mixer.channels


async def test_distractor_in_mid_answer() -> None:
    async with stage() as at:
        await at.ask()
        await at.play(3)
        await at.press("d", "enter", "down", "enter")
        at.studio.metronome.tick(1)
        await at.until(lambda: any("DISTRACTOR as the model's own words" in m.text for m in at.markers))


async def test_redo_draws_the_branch_from_its_root() -> None:
    async with stage(Studio(words("short answer"))) as at:
        at.studio.loaded.set()
        await at.ask("one")
        at.studio.metronome.tick(2)
        await at.ready()
        await at.press("tab", "r")
        await at.until(lambda: at.word == "generating")
        await at.play(1)
        rows = [line.gutter + line.text for line in at.desk.transcript.folds.lines if line.text]
        assert rows == ["you  one", "asst short"]


@pytest.mark.parametrize("size", [(140, 40), (100, 30), (80, 24), (60, 16)])
async def test_every_layout_shows_state_text_strip_and_prompt(size: tuple[int, int]) -> None:
    async with stage(size=size) as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask("hello there")
        await at.play(4)
        await at.sees("GEN", "PLAY", "you  hello there", "I will not give", "pirate", "+0.30")


async def test_resize_down_and_back() -> None:
    async with stage(size=(120, 36)) as at:
        await at.ask()
        await at.play(8)
        await at.pilot.resize_terminal(40, 10)
        await at.pilot.pause()
        await at.sees("terminal too small: 40×10, need 60×16")
        await at.play(4)
        await at.pilot.resize_terminal(120, 36)
        await at.pilot.pause()
        screen = "\n".join(at.drawn())
        assert "terminal too small" not in screen
        assert "I will not give up on the parser. After that, trace the" in screen


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
                monkeypatch.setattr("steertui.screens.desk.link.ensure", lambda model: other.path)
                await at.press("ctrl+r")
                await at.until(lambda: at.desk.link.state.desk.state)
                assert [c["name"] for c in at.desk.link.state.desk.state["channels"]] == ["pirate"]
                assert spoken(at).startswith("I will not give")
                assert any("does not remember" in note for note in at.notes)
                at.studio = second
                at.desk.prompt.focus()
                await at.ask("and now?")
                await at.play(2)
                await at.sees("hello there", "and now?")


async def test_what_waits_can_be_taken_back() -> None:
    async with stage(Studio()) as at:
        await at.until(lambda: at.word == "loading")
        await at.type("Who are you?")
        await at.until(lambda: at.desk.feed.waiting)
        await at.press("escape")
        assert not any("queued" in note for note in at.notes)
        at.studio.loaded.set()
        await at.ready()
        assert not at.pieces


async def test_quit_asks_and_detaching_leaves_the_engine() -> None:
    async with stage() as at:
        await at.ready()
        await at.press("ctrl+q")
        await at.sees("the engine goes on")
        await at.press("enter")
        await at.until(lambda: not at.pilot.app.is_running)
        assert at.pilot.app.return_code == 0
        assert probe(at.desk.link.client.path) is not None


async def test_hostile_text_in_every_field_stays_text() -> None:
    """Model name, vector name, prompt, answer, marker words, notes: none of them reaches the terminal raw."""
    bad = "[@click=app.quit]x[/] [/nope]" + "".join(HOSTILE.values()).replace("\ud800", "")
    script = [bad, *([f"{bad} "] * 3)]
    async with stage(Studio(script), model=bad) as at:
        at.studio.loaded.set()
        await at.ready()
        await at.desk.link.ask("vector.load", source=bad)
        known = Known.told(at.desk.link.state.vectors[bad])
        at.desk.rack.attempt(lambda: hands.add(at.desk.rack.board, known))
        await at.desk.link.ask("note", text=bad)
        at.desk.prompt.load_text("")
        at.desk.prompt.post_message(events.Paste(bad))
        await at.pilot.pause()
        assert not talks_to_terminal(at.desk.prompt.text)
        at.desk.post_message(Prompt.Sent(bad))
        await at.until(lambda: at.word == "generating")
        await at.play(3)
        await at.press("tab", "h")
        await at.sees("[@click=app.quit]x[/] [/nope]")
        at.desk.warn(bad)
        await at.press("C")
        await at.pilot.pause(0.1)
        assert not [row for row in at.drawn() if talks_to_terminal(row)]
        await at.press("escape")
        assert at.pilot.app.is_running
        assert not [row for row in at.drawn() if talks_to_terminal(row)]


async def test_a_message_before_there_is_an_engine_is_kept_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    studio, started = Studio(), threading.Event()
    studio.loaded.set()
    with scripted_engine.engine(studio, name="slow") as engine:

        def starting(model: str) -> Path:
            started.wait(20)
            return engine.path

        monkeypatch.setattr("steertui.screens.desk.link.ensure", starting)
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
    def refused(model: str) -> Path:
        raise EngineUnavailable("no room for an engine")

    monkeypatch.setattr("steertui.screens.desk.link.ensure", refused)
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
        await at.press("ctrl+n")
        await at.until(lambda: at.desk.link.state.session not in ("", before))
        await at.until(lambda: at.desk.rack.board.mixer.channels)
        assert not at.pieces
        assert "hello there" not in "\n".join(at.drawn())
        assert at.desk.rack.board.channel.label == "pirate"


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
                monkeypatch.setattr("steertui.screens.desk.link.ensure", lambda model: other.path)
                await at.press("ctrl+r")
                await at.until(lambda: at.word == "idle")
                await at.until(lambda: spoken(at).endswith("walk."))
                assert not any("does not remember" in note for note in at.notes)
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
