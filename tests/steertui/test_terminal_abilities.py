"""What a terminal answers is understood, and what looks wrong is said with a way out."""

from __future__ import annotations

import os
import pty
import sys
import threading

import pytest

from steertui.terminal import abilities

GOOD = (
    b"\x1b[1;2R\x1b[1;3R\x1b[1;2R\x1b[1;3R"  # widths 1, 2, 1, 2
    b"\x1b[?2026;2$y\x1b[?0u\x1bP1+r4D73=5C455D35323B\x1b\\\x1b[?64;1;22c"
)


def test_a_capable_terminal() -> None:
    assert abilities.parse_replies(GOOD) == {
        "answers": True,
        "synchronized_output": True,
        "kitty_keyboard": True,
        "clipboard_osc52": True,
        "widths": abilities.WIDTHS,
    }


def test_one_that_knows_none_of_it() -> None:
    found = abilities.parse_replies(b"\x1b[1;2R\x1b[1;2R\x1b[1;3R\x1b[1;2R\x1b[?2026;0$y\x1b[?1;2c")
    assert (found["synchronized_output"], found["kitty_keyboard"], found["clipboard_osc52"]) == (
        False,
        False,
        None,
    )
    assert found["widths"] == dict(zip(abilities.WIDTHS, (1, 1, 2, 1), strict=True))


def test_one_that_says_nothing_is_unknown_and_not_incapable() -> None:
    assert set(abilities.parse_replies(b"").values()) == {None}


def report(**changes: object) -> dict[str, object]:
    usual = {
        "colours": 2**24,
        "COLORTERM": "truecolor",
        "widths": abilities.WIDTHS,
        "encoding": "utf-8",
        "tmux": None,
    }
    return usual | changes


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"colours": 256, "COLORTERM": None}, "export COLORTERM=truecolor"),
        ({"widths": {"◆": 2}}, "--ascii keeps the columns straight"),
        ({"encoding": "ANSI_X3.4-1968"}, "--ascii draws with plain characters"),
        ({"tmux": {"version": "tmux 3.4", "set_clipboard": "off"}}, "set -g set-clipboard on"),
    ],
)
def test_doubts_name_the_way_out(changes: dict[str, object], said: str) -> None:
    assert abilities.find_problems(report()) == []
    [doubt] = abilities.find_problems(report(**changes))
    assert said in doubt


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"COLORTERM": "truecolor"}, 2**24),
        ({"COLORTERM": ""}, 256),
        ({"COLORTERM": "", "TERM": "xterm"}, 16),
        ({"NO_COLOR": "1"}, 0),
    ],
)
def test_the_depth_is_the_one_the_app_would_draw_with(
    environment: dict[str, str], colours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert abilities.colour_count() == colours


def test_a_real_line_is_asked_and_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = pty.openpty()
    heard = bytearray()

    def answer() -> None:
        while abilities.NAME_YOURSELF not in heard:
            heard.extend(os.read(master, 4096))
        os.write(master, GOOD)

    answering = threading.Thread(target=answer)
    answering.start()
    with os.fdopen(slave, "r+b", buffering=0) as line:
        monkeypatch.setattr(sys, "stdin", line)
        monkeypatch.setattr(sys, "stdout", line)
        before = abilities.termios.tcgetattr(slave)
        assert abilities.query_terminal() == GOOD
        assert abilities.termios.tcgetattr(slave) == before
    answering.join()
    os.close(master)
