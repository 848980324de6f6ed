"""The progress bar, in plain characters: how full it is, and what it says before and after the work."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from steertui.cli.output.progress import CLEAR, ProgressLine
from steertui.widgets import bars, glyphs


@pytest.fixture(autouse=True)
def plain_characters() -> Iterator[None]:
    before = glyphs.current_glyphs()
    glyphs.set_glyphs(glyphs.ASCII)
    yield
    glyphs.set_glyphs(before)


@pytest.mark.parametrize(
    ("done", "total", "drawn"),
    [
        (0, 8, "........"),
        (1, 8, "#......."),
        (7.9, 8, "#######."),
        (8, 8, "########"),
        (9, 8, "########"),
        (-1, 8, "........"),
        (3, 0, "........"),
    ],
)
def test_it_is_full_only_when_the_work_is_done(done: float, total: float, drawn: str) -> None:
    assert "".join(bars.progress_bar(done, total, 8)) == drawn


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_is_drawn_over_itself_and_leaves_nothing() -> None:
    terminal = Terminal()
    with ProgressLine(terminal) as line:
        line("read texts", 15, 30)
        line("measuring", 0, 0)
    first, second, last = terminal.getvalue().split(CLEAR)[1:]
    assert first == "#" * 15 + "." * 15 + " read texts 15/30"
    assert (second, last) == ("measuring", "")


def test_without_a_terminal_nothing_is_drawn() -> None:
    pipe = io.StringIO()
    with ProgressLine(pipe) as line:
        line("read texts", 15, 30)
    assert pipe.getvalue() == ""


def test_a_name_from_outside_cannot_move_the_cursor() -> None:
    terminal = Terminal()
    ProgressLine(terminal)("\x1b[2J", 1, 2)
    assert "\x1b[2J" not in terminal.getvalue()
