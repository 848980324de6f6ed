"""What a model may say to harm whoever reads it: rows 40 to 44 of the bad-input table, on the screen itself."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App
from textual.widgets import Markdown

from steertui.screens.desk.unsteered_panel import UnsteeredPanel
from steertui.screens.past_sessions import past_items
from steertui.text import MAX_LINE
from steertui.widgets.transcript.document import TextPiece
from tests.steertui import scripted_engine
from tests.steertui.app.stage import stage
from tests.steertui.app.test_terminal import opened
from tests.steertui.hostile import talks_to_terminal
from tests.steertui.scripted_engine import Studio

CLIPBOARD, TITLE, CLEAR = b"\x1b]52;", b"\x1b]0;owned", b"\x1b[2J\x1b[Howned"
LINK, DEVICE = b"\x1b]8;;http://evil", b"\x1bPq#0"
HOSTILE_WORDS = (
    "\x1b]52;c;b3duZWQ=\x07 ",
    "\x1b]0;owned\x1b\\ ",
    "\x1b[2J\x1b[Howned ",
    "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\ ",
    "\x1bPq#0;2;0;0;0\x1b\\ ",
    "\x9b2J\x9d52;c;b3duZWQ=\x9c ",
    "the end",
)


def studio(*script: str) -> Studio:
    ready = Studio(script)
    ready.loaded.set()
    return ready


def test_escape_sequences_of_a_model_are_glyphs_in_a_real_terminal() -> None:
    hostile = studio(*HOSTILE_WORDS)
    with scripted_engine.engine(hostile) as engine, opened(engine.path) as child:
        child.until(lambda: "transcript" in child.text and "IDLE" in child.text)
        child.press(b"hello there\r")
        child.until(lambda: "GEN" in child.text)
        hostile.metronome.tick(len(HOSTILE_WORDS))
        child.until(lambda: "the end" in child.text)
        assert "␛]52;c;b3duZWQ=" in child.text
        assert "hello there" in child.text
        for sequence in (CLIPBOARD, TITLE, CLEAR, LINK, DEVICE, b"\x9b2J"):
            assert sequence not in child.raw


@pytest.mark.anyio
async def test_markup_of_a_model_is_neither_a_link_nor_an_end() -> None:
    async with stage(studio("[@click=app.quit]press me[/] ", "[/] [/nope] [link='x ", "[$error]red")) as at:
        await at.ask()
        await at.play(3)
        await at.sees("[@click=app.quit]press me[/] [/] [/nope] [link='x [$error]red")
        row = next(y for y, text in enumerate(at.drawn()) if "press me" in text)
        await at.pilot.click(offset=(at.drawn()[row].index("press"), row))
        assert at.pilot.app.is_running


@pytest.mark.anyio
async def test_marks_and_directions_do_not_grow_a_row() -> None:
    zalgo = "Z" + "\u0301" * 1000
    async with stage(studio(f"{zalgo} ", "a\u202eb\u200bc ", "last")) as at:
        await at.ask()
        await at.play(3)
        await at.sees("⟦RLO⟧", "last")
        (row,) = (text for text in at.drawn() if "last" in text)
        assert "⟦RLO⟧" in row
        assert 0 < row.count("\u0301") <= 4
        assert not talks_to_terminal(row)


@pytest.mark.anyio
async def test_a_paste_is_cleaned_and_one_of_five_megabytes_refused_in_a_sentence() -> None:
    async with stage() as at:
        await at.ready()
        at.desk.prompt.post_message(events.Paste("\x1b[2J" + "word " * 2000))
        await at.until(lambda: len(at.desk.prompt.text) > 10_000)
        assert at.desk.prompt.text.startswith("␛[2Jword")
        at.desk.prompt.clear()
        at.pilot.app.post_message(events.Paste("word " * 1_000_000))
        await at.until(lambda: at.toasts)
        assert at.toasts == ["5,000,000 characters were pasted: a message holds 1,048,576"]
        assert at.desk.prompt.text == ""


@pytest.mark.anyio
async def test_links_and_pictures_are_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(App, "open_url", lambda *args, **how: pytest.fail("a link was opened"))
    words = "![owned](http://evil/x.png) [here](http://evil) "
    async with stage(studio(words, "<http://evil>")) as at:
        await at.ask()
        await at.play(2)
        await at.sees(words.strip(), "<http://evil>")
        assert not at.pilot.app.screen.query(Markdown)
        row = next(y for y, text in enumerate(at.drawn()) if "http://evil/x.png" in text)
        at.desk.transcript.focus()
        await at.pilot.click(offset=(at.drawn()[row].index("http://evil/x.png"), row))
        await at.press("enter", "o", "space", "space")
        assert at.pilot.app.is_running


@pytest.mark.anyio
async def test_a_token_of_a_megabyte_is_cut_in_the_transcript_and_beside_it() -> None:
    """Ten of them would be a million rows. The session, which is recorded, has all of it."""
    async with stage(studio("w" * 1_000_000, " end"), size=(140, 40)) as at:
        await at.ready()
        await at.press("tab", "S", "S")
        at.desk.prompt.focus()
        await at.ask("one")
        await at.play(2)
        shadow = at.desk.query_one(UnsteeredPanel).transcript.document
        await at.until(lambda: len(shadow.last_answer()) > MAX_LINE)
        for shown in (at.pieces[0].text, shadow.items[1].text):  # type: ignore[union-attr]
            assert shown.endswith("… and 980,000 characters")
            assert len(shown) < MAX_LINE + 40
        (answer,) = [turn for turn in at.desk.link.state.turns.values() if turn.gen is not None]
        assert len(answer.tokens[0].text) == 1_000_000
        again = [item.text for item in past_items([answer]) if isinstance(item, TextPiece)]
        assert again == [piece.text for piece in at.pieces]
