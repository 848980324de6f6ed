"""Walking from token to token: what the inspector tells, and what can be done at one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sessions.state.state import AnswerToken, Marker, TokenAlternative
from steertui.screens.desk import key_modes
from steertui.widgets.inspector.inspection import ChannelProjection, TokenInspection
from steertui.widgets.inspector.inspector import Inspector, fitting_fields, token_line, token_panel
from tests.steertui.app.stage import Stage, stage
from tests.steertui.scripted_engine import Studio, words

pytestmark = pytest.mark.anyio


def pointed(at: Stage) -> tuple[int, str]:
    piece = at.desk.transcript_panel.selected_piece
    assert piece is not None
    return piece.index, piece.text


def short() -> Studio:
    studio = Studio(words("I will not give up on the parser today"))
    studio.loaded.set()
    return studio


async def answered(at: Stage, tokens: int) -> None:
    """One answer of a few tokens, flipped before the last two."""
    await at.add("pirate")
    at.desk.prompt.focus()
    await at.ask("one")
    await at.play(tokens - 2)
    await at.press("f")
    await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
    await at.play(2)
    at.studio.metronome.tick(1000)
    await at.ready()


async def test_the_cursor_walks_over_tokens_and_the_inspector_follows() -> None:
    async with stage(short()) as at:
        await answered(at, 8)
        at.desk.transcript.focus()
        await at.press("p")
        last = len(at.pieces) - 1
        assert pointed(at)[0] == last
        for _ in range(last - 3):
            await at.press("p")
        assert pointed(at) == (3, " give")
        await at.sees("t 3 “ give” p 0.61 (ln −0.50)", "pirate", "◆ pirate +0.3 relative")
        await at.press("n", "n")
        assert pointed(at)[0] == 5


async def test_past_the_newest_token_and_with_esc_the_cursor_lets_go() -> None:
    async with stage(short()) as at:
        await answered(at, 8)
        at.desk.transcript.focus()
        await at.press("p", "n")
        assert at.desk.transcript_panel.selected_piece is None
        assert not at.desk.query_one(Inspector).display
        await at.press("p", "escape")
        assert at.desk.transcript_panel.selected_piece is None
        assert at.desk.mode == "PLAY"


async def test_capital_letters_go_from_change_to_change() -> None:
    async with stage(short()) as at:
        await answered(at, 8)
        flip = next(marker for marker in at.markers if marker.text.startswith("FLIP"))
        at.desk.transcript.focus()
        await at.press("P")
        assert pointed(at)[0] == flip.at
        await at.sees("◆ FLIP pirate → −0.30 rel")
        await at.press("P")
        assert pointed(at)[0] == 0
        await at.press("N")
        assert pointed(at)[0] == flip.at


async def test_a_pinned_token_stays_under_the_glass() -> None:
    async with stage(short()) as at:
        await answered(at, 8)
        at.desk.transcript.focus()
        await at.press("p", "enter")
        await at.sees("mixer", "entropy 1.00", "at t 7", "1 token before")
        pinned = pointed(at)[0]
        await at.press("p")
        assert at.desk.transcript.pen.pinned is not None
        assert at.desk.transcript.pen.pinned.index == pinned
        await at.sees(f"t {pinned} ", f"t {pinned - 1} ")
        await at.press("n", "enter")
        assert at.desk.transcript.pen.pinned is None
        assert at.desk.mode == "PLAY"


def seen() -> TokenInspection:
    """The end of an answer, which is a token without a text, and its five likeliest."""
    top = tuple(
        TokenAlternative(n, name, 0.2)
        for n, name in enumerate(("<|end|>", " the", " parser", " is", " done"))
    )
    gauge = ChannelProjection("determined-drifting", -1.234, -2.345, -1.2, -2.3, held=True)
    change = Marker(0, "mixer", "determined-drifting -0.35 natural L3–6 flip")
    return TokenInspection(1, 24, AnswerToken(0, "", lp=-0.5, top=top), (gauge,), change.words, change)


def words_of(fields: list[list[tuple[str, str]]], room: int) -> str:
    return "".join(text for _, text in fitting_fields(fields, room))


def test_a_token_without_text_is_called_by_its_name() -> None:
    assert words_of(token_line(seen()), 200).startswith(" t 24 “<|end|>” p 0.61")
    bare = replace(seen(), token=AnswerToken(7, ""))
    assert words_of(token_line(bare), 200).startswith(" t 24 “token 7”")


def test_a_field_without_room_is_left_out_whole() -> None:
    whole = [
        "".join(text for _, text in field)
        for fields in [token_line(seen()), *token_panel(seen())]
        for field in fields
    ]
    for room in range(12, 160):
        for fields in (token_line(seen()), *token_panel(seen())):
            left = words_of(fields, room)
            for field in whole:
                left = left.replace(field, "")
            assert not left or (left.endswith("…") and left.lstrip().startswith(("◆ ", "determined-")))
            assert len(left) == 0 or len(left) >= 11
    likeliest = token_panel(seen())[2]
    assert words_of(likeliest, 60).count("0.20") == words_of(likeliest, 60).count("”") == 3


async def test_enter_without_a_cursor_goes_to_the_prompt() -> None:
    async with stage() as at:
        await at.ready()
        await at.press("tab", "enter")
        assert at.desk.mode == "TYPE"


async def test_a_click_points_at_the_token_under_the_mouse() -> None:
    async with stage(short()) as at:
        await answered(at, 8)
        rows = at.drawn()
        row = next(y for y, text in enumerate(rows) if "I will not" in text)
        column = rows[row].index("not")
        region = at.desk.transcript.region
        await at.pilot.click("#transcript", offset=(column - region.x, row - region.y))
        assert pointed(at) == (2, " not")


async def two_answers(at: Stage) -> None:
    at.studio.loaded.set()
    for text in ("one", "two"):
        at.desk.prompt.focus()
        await at.ask(text)
        # The status says "idle" from the state, which runs ahead of the events that are still on their way to the
        # transcript: on a busy machine a walk that begins at "idle" may miss the newest token.
        await at.play(3)
        await at.ready()
        # A while after an answer the focus goes back to the prompt by itself, which would take the next key.
        await at.until(lambda: at.desk.mode == key_modes.TYPE)
    at.desk.transcript.focus()


async def test_it_walks_across_turns() -> None:
    async with stage(Studio(words("a b c"))) as at:
        await two_answers(at)
        await at.press("p", "p", "p", "p")
        assert pointed(at) == (2, " c")
        turns = {piece.turn for piece in at.pieces}
        assert len(turns) == 2
        assert at.desk.transcript_panel.selected_piece is not None
        assert at.desk.transcript_panel.selected_piece.turn == min(turns)


async def test_branching_at_the_token_opens_a_session_that_stands_there() -> None:
    async with stage(short()) as at:
        await answered(at, 8)
        before = at.desk.link.state.session
        at.desk.transcript.focus()
        await at.press(*"p" * (len(at.pieces) - 4), "b")
        await at.until(lambda: at.desk.link.state.session not in ("", before))
        await at.until(lambda: len(at.pieces) == 4)
        assert "".join(piece.text for piece in at.pieces) == "I will not give"
        assert any("o continues from there" in toast for toast in at.toasts)
        await at.press("o")
        await at.until(lambda: at.desk.link.state.path()[-1].settings.get("prefill") == "I will not give")
        await at.sees("I will not give")


async def test_rewinding_a_running_answer_to_the_token() -> None:
    async with stage() as at:
        await at.ask("one")
        await at.play(6)
        await at.press("p", "p", "p")
        wanted = pointed(at)[0]
        await at.press("backspace")
        for _ in range(200):
            if not any("taken back" in marker.text for marker in at.markers):
                at.studio.metronome.tick(1)
                await at.pilot.pause(0.02)
        marker = next(marker for marker in at.markers if "taken back" in marker.text)
        assert marker.at == wanted
        await at.until(lambda: at.word == "generating")


async def test_an_older_answer_cannot_be_taken_back() -> None:
    async with stage(Studio(words("a b c"))) as at:
        await two_answers(at)
        await at.press(*"pppp", "backspace")
        assert any("only the newest answer" in toast for toast in at.toasts)


async def test_what_needs_a_token_says_how_to_get_to_one() -> None:
    async with stage() as at:
        await at.ready()
        await at.press("tab", "b")
        assert any("select a token first" in toast for toast in at.toasts)


async def test_marks_stand_under_the_words_and_need_no_colour() -> None:
    async with stage(short()) as at:
        await answered(at, 8)
        for piece in at.pieces:
            at.desk.transcript.tint.readings["pirate"].usual = (0.0, 0.25)
            piece.projections = {"pirate": -0.5 if piece.index < 4 else 0.5}
        at.desk.transcript.focus()
        await at.press("h", "h", "h")
        await at.sees("heat −3σ ==--++## +3σ pirate, σ of ordinary text")
        rows = at.drawn()
        words_at = next(y for y, text in enumerate(rows) if "I will not give" in text)
        under = rows[words_at + 1][rows[words_at].index("I will") :]
        assert under.startswith("= ==== === ==== ## ## ###")
        await at.press("h")
        assert "====" not in "\n".join(at.drawn())
