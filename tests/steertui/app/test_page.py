"""What the page looks like at any size, and with the worst a model can say in every field."""

from __future__ import annotations

import pytest
from textual import events

from core.mixer.mixer import Channel
from sessions.state.vector_facts import VectorFacts
from steertui.screens.desk.mixer import edits as hands
from steertui.widgets.prompt import PromptInput
from tests.steertui.app.stage import stage
from tests.steertui.hostile import HOSTILE, talks_to_terminal
from tests.steertui.scripted_engine import Studio

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("size", [(140, 40), (100, 30), (80, 24), (60, 16)])
async def test_every_layout_shows_state_text_strip_and_prompt(size: tuple[int, int]) -> None:
    async with stage(size=size) as at:
        await at.add("pirate")
        at.desk.prompt.focus()
        await at.ask("hello there")
        await at.play(4)
        await at.sees("GEN", "PLAY", "you  hello there", "I will not give", "pirate", "+0.30")


async def test_the_bottom_line_of_a_small_terminal_tells_the_ways_out() -> None:
    async with stage(size=(80, 24)) as at:
        await at.ready()
        await at.until(lambda: "ctrl+q quit" in at.drawn()[-1])
        await at.press("tab")
        await at.until(lambda: "i type" in at.drawn()[-1])
        for room in ("f3", "f4", "f5"):
            await at.press(room)
            await at.until(lambda: "esc desk" in at.drawn()[-1] and "F1 help" in at.drawn()[-1])


async def test_the_bottom_line_tells_how_tokens_are_walked_and_that_space_goes_on() -> None:
    async with stage(size=(100, 30)) as at:
        await at.ready()
        await at.press("tab")
        await at.until(lambda: "p n tokens" in at.drawn()[-1])
        at.desk.prompt.focus()
        await at.ask()
        await at.play(1)
        await at.until(lambda: "space pause" in at.drawn()[-1])
        await at.press("space")
        at.studio.metronome.tick(1)
        await at.until(lambda: "space go on" in at.drawn()[-1])


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


async def test_hostile_text_in_every_field_stays_text() -> None:
    """Model name, vector name, prompt, answer, marker words, notes: none of them reaches the terminal raw."""
    bad = "[@click=app.quit]x[/] [/nope]" + "".join(HOSTILE.values()).replace("\ud800", "")
    script = [bad, *([f"{bad} "] * 3)]
    async with stage(Studio(script), model=bad) as at:
        at.studio.loaded.set()
        await at.ready()
        await at.desk.link.request("vector.load", source=bad)
        known = VectorFacts.from_event(at.desk.link.state.vectors[bad])
        at.desk.mixer_panel.try_edit(
            lambda: hands.add_channel(at.desk.mixer_panel.board, Channel.suggested(known))
        )
        await at.desk.link.request("note", text=bad)
        at.desk.prompt.load_text("")
        at.desk.prompt.post_message(events.Paste(bad))
        await at.pilot.pause()
        assert not talks_to_terminal(at.desk.prompt.text)
        at.desk.post_message(PromptInput.Sent(bad))
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
