"""The progress bar, in plain characters: how full it is, and what it says before and after the work."""

from __future__ import annotations

import io
import re
import time
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


def test_without_a_terminal_short_work_writes_nothing() -> None:
    pipe = io.StringIO()
    with ProgressLine(pipe) as line:
        line("read texts", 15, 30)
    assert pipe.getvalue() == ""


def test_without_a_terminal_long_work_is_heard_of_in_the_middle_of_a_step() -> None:
    pipe = io.StringIO()
    with ProgressLine(pipe, every=0.05) as line:
        time.sleep(0.15)
        line("texts read", 10, 40)
        time.sleep(0.01)
        line("texts read", 20, 40)
        time.sleep(0.4)
        line("layers\x1b[2J", 0, 0)
        time.sleep(0.15)
    lines = pipe.getvalue().splitlines()
    assert lines[0] == "0 s: working"
    told = [text for text in lines if "texts read" in text]
    assert len(told) >= 3
    assert re.fullmatch(r"\d s: texts read 20/40, [\d.e+]+/s, \d+ s left", told[-1])
    assert "\x1b" not in pipe.getvalue()
    time.sleep(0.15)
    assert pipe.getvalue().splitlines() == lines, "no line comes after the end"


def test_a_note_stays_on_either() -> None:
    for stream in (Terminal(), io.StringIO()):
        with ProgressLine(stream) as line:
            line.note("written to v.gguf")
        assert "written to v.gguf\n" in stream.getvalue()


def test_a_name_from_outside_cannot_move_the_cursor() -> None:
    terminal = Terminal()
    ProgressLine(terminal)("\x1b[2J", 1, 2)
    assert "\x1b[2J" not in terminal.getvalue()
