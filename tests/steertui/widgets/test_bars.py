"""The progress bar, in plain characters: how full it is, and what it says before and after the work."""

from __future__ import annotations

import io
import random
import re
import time
from collections.abc import Callable, Iterator

import pytest
from rich.cells import cell_len

from steertui.cli.output.progress import CLEAR, ProgressLine
from steertui.text import MAX_MARKS
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


ROUGH = ("a", "日", "e" + "\u0301" * MAX_MARKS, " ", "🙂")


@pytest.mark.parametrize("clip", [bars.clip_text, bars.clip_middle, bars.fit_text])
def test_long_text_is_clipped_by_what_is_seen_of_it(
    clip: Callable[[str, int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if all of it had been measured, which takes as long as the text is."""
    rng = random.Random(0)
    texts = ["".join(rng.choices(ROUGH, k=rng.choice((1, 5, 9, 300)))) for _ in range(300)]
    cut = [[clip(text, width) for width in (0, 1, 4, 5, 12, 40)] for text in texts]
    measured: list[int] = []
    monkeypatch.setattr(bars, "cell_len", lambda text: measured.append(len(text)) or cell_len(text))
    assert cell_len(clip("日" + "W" * 1_000_000, 40)) == 40
    assert max(measured) < 500
    monkeypatch.setattr(bars, "_enough", lambda width: 10**9)
    assert [[clip(text, width) for width in (0, 1, 4, 5, 12, 40)] for text in texts] == cut


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
