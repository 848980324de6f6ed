"""Nothing that passes the sanitiser can speak to a terminal."""

from __future__ import annotations

import pytest

from steertui.text import MAX_LINE, MAX_MARKS, Sanitiser, safe_text
from tests.steertui.hostile import HOSTILE, talks_to_terminal


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("multiline", [False, True])
def test_hostile_text_becomes_visible(name: str, multiline: bool) -> None:
    shown = safe_text(HOSTILE[name], multiline)
    assert shown
    assert not talks_to_terminal(shown)


def test_hostile_strings_are_hostile() -> None:
    harmless = [name for name, text in HOSTILE.items() if not talks_to_terminal(text)]
    assert sorted(harmless) == ["naked_mark", "zalgo"]


def test_every_code_point_is_safe_alone() -> None:
    assert not [code for code in range(0x110000) if talks_to_terminal(safe_text(chr(code)))]


@pytest.mark.parametrize(
    "text", ["plain", "naïve café", "日本語", "tab-free 🙂", "x² ≤ y", "[bold]not markup[/]"]
)
def test_ordinary_text_is_untouched(text: str) -> None:
    assert safe_text(text) == text


def test_line_breaks_survive_only_in_multiline() -> None:
    assert safe_text("a\r\nb\nc", multiline=True) == "a\nb\nc"
    assert "\n" not in safe_text("a\nb")


def test_marks_are_capped_across_pieces() -> None:
    stream = Sanitiser()
    shown = "".join(stream.feed(piece) for piece in ["e", *["\u0301"] * 50, "x", "\u0301"])
    assert shown.count("\u0301") == MAX_MARKS + 1


def test_a_mark_without_a_base_gets_one() -> None:
    assert safe_text("\u0301x").startswith("◌")
    assert safe_text("a\n\u0301", multiline=True) == "a\n◌\u0301"


def test_endless_lines_are_folded_or_cut() -> None:
    folded = safe_text("x" * (3 * MAX_LINE), multiline=True)
    assert max(map(len, folded.split("\n"))) <= MAX_LINE
    assert folded.count("x") == 3 * MAX_LINE
    assert len(safe_text("x" * (3 * MAX_LINE))) == MAX_LINE + 1


def test_a_token_of_a_megabyte_is_cut_and_says_how_much_of_it() -> None:
    stream = Sanitiser()
    assert stream.feed_token("x" * MAX_LINE) == "x" * MAX_LINE
    shown = Sanitiser().feed_token("x" * 1_000_000)
    assert len(shown) < MAX_LINE + 40
    assert shown.replace("\n", "").endswith("x… and 980,000 characters")


def test_only_the_beginning_of_an_endless_line_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Widgets do this in every frame."""
    looked: list[str] = []
    plain, visible = Sanitiser._plain, Sanitiser._visible
    monkeypatch.setattr(Sanitiser, "_plain", lambda self, run: looked.append(run) or plain(self, run))
    monkeypatch.setattr(Sanitiser, "_visible", lambda self, run: looked.append(run) or visible(self, run))
    assert len(safe_text("日本ab" * 100_000)) == MAX_LINE + 1
    assert sum(map(len, looked)) < MAX_LINE + 10


def test_pieces_equal_the_whole() -> None:
    text = "".join(HOSTILE.values()) + "plain words\nand more" * 3
    stream = Sanitiser()
    assert "".join(stream.feed(char) for char in text.replace("\r\n", "\n")) == safe_text(
        text, multiline=True
    )
