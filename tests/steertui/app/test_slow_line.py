"""On a slow line a frame costs what has changed in it, and there are fewer frames while an answer runs."""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import CompositorUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from steertui.config import Settings
from steertui.screens.desk.repaint_limiter import RepaintLimiter
from steertui.terminal.diff_output import ChangedPieces, ScreenDiff
from steertui.widgets import glyphs
from tests.steertui.app.stage import stage

pytestmark = pytest.mark.anyio
SIZE = Size(40, 2)
CONSOLE = Console(color_system="truecolor", force_terminal=True)
BLUE, RED = Style(color="blue"), Style(color="red")


def frame(*rows: list[Segment]) -> LayoutUpdate:
    strips = [[Strip(row).adjust_cell_length(SIZE.width)] for row in rows]
    return LayoutUpdate(strips, Region(0, 0, *SIZE))


def sent(update: CompositorUpdate | None) -> list[tuple[int, int, str]]:
    """Where what was written."""
    assert update is None or isinstance(update, ChangedPieces)
    return [(piece.x, piece.y, piece.strip.text) for piece in (update.pieces if update else ())]


def test_only_the_cells_that_changed_are_sent() -> None:
    thrift = ScreenDiff()
    line = [Segment("12 tokens a second, going well", BLUE)]
    assert [text.rstrip() for _, _, text in sent(thrift.keep_changes(frame(line, line), SIZE))] == [
        line[0].text
    ] * 2
    assert thrift.keep_changes(frame(line, line), SIZE) is None
    grown = [Segment("13 tokens a second, going well", BLUE)]
    assert sent(thrift.keep_changes(frame(line, grown), SIZE)) == [(1, 1, "3")]


def test_a_changed_colour_is_a_change_and_a_link_for_the_mouse_is_none() -> None:
    thrift = ScreenDiff()
    thrift.keep_changes(frame([Segment("abc", BLUE)]), SIZE)
    assert thrift.keep_changes(frame([Segment("abc", BLUE + Style(meta={"offset": (0, 7)}))]), SIZE) is None
    assert sent(
        thrift.keep_changes(frame([Segment("a", BLUE), Segment("b", RED), Segment("c", BLUE)]), SIZE)
    ) == [(1, 0, "b")]


def test_changes_far_apart_are_sent_apart() -> None:
    thrift = ScreenDiff()
    thrift.keep_changes(frame([Segment("|" + " " * 38 + "|", BLUE)]), SIZE)
    now = thrift.keep_changes(frame([Segment("|", RED), Segment(" " * 38, BLUE), Segment("|", RED)]), SIZE)
    assert sent(now) == [(0, 0, "|"), (39, 0, "|")]


@pytest.mark.parametrize(
    ("before", "after", "where"), [("漢a", "字a", "字"), ("ab漢", "ab字", "字"), ("漢", "xy", "xy")]
)
def test_a_wide_character_is_sent_whole(before: str, after: str, where: str) -> None:
    thrift = ScreenDiff()
    thrift.keep_changes(frame([Segment(before, BLUE)]), SIZE)
    [(_, _, text)] = sent(thrift.keep_changes(frame([Segment(after, BLUE)]), SIZE))
    assert text == where


def test_after_another_size_or_a_stranger_on_the_terminal_everything_is_sent() -> None:
    thrift = ScreenDiff()
    row = [Segment("the same", BLUE)]
    thrift.keep_changes(frame(row), SIZE)
    assert thrift.keep_changes(frame(row), Size(41, 2)) is not None
    assert thrift.keep_changes(frame(row), Size(41, 2)) is None
    thrift.forget_screen()
    assert thrift.keep_changes(frame(row), Size(41, 2)) is not None


def test_while_an_answer_runs_words_come_four_times_a_second_and_numbers_once() -> None:
    pen = glyphs.current_glyphs()
    glyphs.set_glyphs(glyphs.choose_glyphs(ascii=False, color_system="truecolor", no_color=False, slow=True))
    try:
        tempo, moments = RepaintLimiter(), [tick / 20 for tick in range(40)]
        let = {what: sum(tempo.allows(what, True, now) for now in moments) for what in ("words", "numbers")}
        assert let == {"words": 8, "numbers": 2}
        assert all(tempo.allows("words", False, 2 + tick / 20) for tick in range(20))
        glyphs.set_glyphs(pen)
        assert all(tempo.allows("words", True, 9 + tick / 20) for tick in range(20))
    finally:
        glyphs.set_glyphs(pen)


async def test_an_answer_costs_a_fraction(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Textual would have written beside what was, for the very same frames."""
    written = {"whole": 0, "cut": 0}
    cut = ScreenDiff.keep_changes

    def counted(thrift: ScreenDiff, update: CompositorUpdate, size: Size) -> CompositorUpdate | None:
        left = cut(thrift, update, size)
        written["whole"] += len(update.render_segments(CONSOLE))
        written["cut"] += len(left.render_segments(CONSOLE)) if left else 0
        return left

    monkeypatch.setattr(ScreenDiff, "keep_changes", counted)
    async with stage(settings=Settings(fps=10.0)) as on:
        await on.add()
        await on.press("i")
        await on.ask()
        written.update(whole=0, cut=0)
        for _ in range(4):
            before = written["cut"]
            await on.play(6)
            await on.until(lambda so_far=before: written["cut"] > so_far)
        assert on.desk.transcript.tint.paused
        assert 0 < written["cut"] < written["whole"] / 4
        assert on.pilot.app.animation_level == "none"
        assert not on.desk.prompt.cursor_blink
