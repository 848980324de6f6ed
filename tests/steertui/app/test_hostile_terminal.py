"""The real app in a real terminal before a hostile model, file and engine: nothing they say is obeyed by it."""

from __future__ import annotations

import re

import pytest

from tests.steertui import scripted_engine
from tests.steertui.app.terminal import Terminal, terminal
from tests.steertui.app.walk import F4
from tests.steertui.scenes import shelves
from tests.steertui.scenes.hostile import Hostile
from tests.steertui.scenes.words import Words, peaceful
from tests.steertui.scripted_engine import Studio

APP = "import sys; from steertui.app import run; sys.exit(run(socket=sys.argv[1]))"
OSC, STRING = rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?", rb"\x1b[P_^X][^\x1b]*(?:\x1b\\)?"
CSI, SHORT, BARE = rb"\x1b\[[0-?]*[ -/]*[@-~]", rb"\x1b.", rb"[\x00-\x08\x0b\x0c\x0e-\x1a\x7f]"
SPOKEN = re.compile(b"|".join([OSC, STRING, CSI, SHORT, BARE]))
PAINTING = re.compile(rb"\x1b\[[0-9;:]*[mHK]")
"""Colours and places, which are as many as there are frames."""


def orders(child: Terminal) -> set[bytes]:
    """Everything the terminal was told to do, beside painting: modes, titles, clipboards, questions.

    The last order is left out: it may have been read in part.
    """
    whole = child.raw[: child.raw.rfind(b"\x1b")]
    return {order for order in SPOKEN.findall(whole) if not PAINTING.fullmatch(order)}


NEVER_PASTED = str.maketrans("", "", "\x00\x04\x05\x08\x1b\x7f")
"""What terminals take out of a paste themselves, xterm by default: an escape would end it."""


def pasted(text: str) -> bytes:
    """As a terminal hands a paste on."""
    return b"\x1b[200~" + text.translate(NEVER_PASTED).encode("utf-8", "replace") + b"\x1b[201~"


def visit(words: Words) -> Terminal:
    """A talk, a refusal, a strip, the library and a list, at two sizes; gives back the terminal as it is at the end."""
    shelves.vectors(words)
    studio = Studio([words("token", "Yes") + " ", "and ", "no. "])
    studio.loaded.set()
    with (
        scripted_engine.engine(studio, model=words("model id", "acme/small")) as engine,
        terminal("-c", APP, str(engine.path)) as child,
    ):
        child.until(lambda: "transcript" in child.text and "IDLE" in child.text)
        child.press(pasted(words("prompt", "hello")))
        child.press(b"\r")
        child.until(lambda: "GEN" in child.text)
        studio.metronome.tick(3)
        child.until(lambda: "IDLE" in child.text and "asst" in child.text)
        child.press(b"\ta")
        child.until(lambda: "type to filter" in child.text)
        child.press(pasted(words("path", "/no/such/file")) + b"\r")
        child.until(lambda: "type to filter" not in child.text)
        child.press(F4)
        child.until(lambda: "card" in child.text and "calm" in child.text)
        child.press(b"\x1b[B\x1b[B\x1b[B")
        child.resize(10, 40)
        child.until(lambda: "too small" in child.text)
        child.resize(36, 120)
        child.until(lambda: "too small" not in child.text and "library" in child.text)
        child.until(lambda: words is peaceful or "Ж" in child.text)
        return child


@pytest.fixture
def titles(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the terminal's title was set to."""
    heard: list[str] = []
    monkeypatch.setattr("pyte.Screen.set_title", lambda self, title: heard.append(title))
    return heard


def test_a_hostile_model_tells_the_terminal_nothing(titles: list[str]) -> None:
    peace = visit(peaceful)
    usual, called = orders(peace), [*titles]
    hostile = visit(Hostile())
    assert usual, "the search would find an order"
    assert orders(hostile) - usual == set()
    assert hostile.screen.mode == peace.screen.mode
    assert titles[len(called) :] == called
    assert "Ж" in hostile.text
