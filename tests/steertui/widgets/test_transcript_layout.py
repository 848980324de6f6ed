"""Folding arriving text gives the lines that folding the whole text would give, and touches only the end."""

from __future__ import annotations

import random
import textwrap

import pytest
from rich.cells import cell_len

from steertui.widgets.transcript.document import Document, Marker, Note, Piece, Speech
from steertui.widgets.transcript.layout import Layout

SENTENCE = "the parser will not give up on a long and winding configuration file until it is right"
WORDS = SENTENCE.split()


def tokens(text: str, rng: random.Random) -> list[Piece]:
    pieces, at = [], 0
    while at < len(text):
        size = rng.randint(1, 6)
        pieces.append(Piece(text[at : at + size], len(pieces)))
        at += size
    return pieces


def folded(width: int, *items: object) -> list[str]:
    layout = Layout(width)
    layout.fold(items)  # type: ignore[arg-type]
    return [line.text.rstrip() for line in layout.lines]


@pytest.mark.parametrize("width", [20, 33, 80])
@pytest.mark.parametrize("seed", range(5))
def test_tokens_fold_like_textwrap(width: int, seed: int) -> None:
    rng = random.Random(seed)
    text = " ".join(rng.choice(WORDS) for _ in range(120))
    assert folded(width, Speech("asst"), *tokens(text, rng)) == textwrap.wrap(text, width)


def test_paragraphs_and_indentation_survive() -> None:
    assert folded(30, Speech("asst"), Piece("one\n\n  two", 0)) == ["one", "", "  two"]


def test_wide_and_endless_words_are_cut_by_cells() -> None:
    layout = Layout(9)
    layout.fold([Speech("asst"), Piece("日本語日本語日本語", 0), Piece("x" * 40, 1)])
    assert all(line.cells == cell_len(line.text) <= 9 for line in layout.lines)
    assert "".join(line.text for line in layout.lines) == "日本語日本語日本語" + "x" * 40


def test_appending_touches_only_the_end() -> None:
    layout = Layout(40)
    layout.add(Speech("asst"))
    for index in range(2000):
        before = list(layout.lines)
        first = layout.add(Piece(f" word{index}", index))
        assert first >= len(before) - 1
        assert all(old is new for old, new in zip(before[:first], layout.lines, strict=False))


def test_pieces_know_their_line() -> None:
    layout = Layout(24)
    pieces = tokens(" ".join(WORDS * 5), random.Random(1))
    layout.fold([Speech("asst"), *pieces])
    for piece in pieces:
        if piece.text.strip():
            assert any(owner is piece for _, owner in layout.lines[piece.line].runs)


def test_a_marker_cuts_the_line_at_its_token() -> None:
    flip = Marker("FLIP pirate → −0.30 rel", 1)
    assert folded(40, Speech("asst"), Piece("one", 0), flip, Piece(" two", 1)) == ["one", flip.text, "two"]


def test_markers_at_the_start_stand_above_the_answer() -> None:
    layout = Layout(40)
    layout.fold([Speech("asst"), Marker("a +1.00", 0), Marker("b +1.00", 0), Piece("hello", 0)])
    assert [line.text for line in layout.lines] == ["a +1.00", "b +1.00", "hello"]
    assert layout.lines[2].gutter.strip() == "asst"


def test_a_turned_knob_is_written_into_the_sentence() -> None:
    steps = [
        Piece("one", 0),
        Marker("a → +0.05 rel", 1),
        Piece(" two", 1),
        Marker("a → +0.10 rel", 2),
        Piece(" three", 2),
    ]
    lines = folded(60, Speech("asst"), *steps)
    assert lines[:2] == ["one", "a → +0.05 rel"]
    assert lines[2].replace("\N{NO-BREAK SPACE}", " ") == "two ⟨+0.10 rel⟩ three"


def test_a_late_marker_finds_its_token() -> None:
    document = Document()
    for item in (Speech("asst"), Piece("a", 0), Piece("b", 1), Piece("c", 2)):
        document.append(item)
    assert not document.place(Marker("late", 1))
    assert [getattr(item, "text", "") for item in document.items] == ["", "a", "late", "b", "c"]
    assert document.place(Marker("now", 3))


def test_an_overtaken_change_leaves_one_marker() -> None:
    document = Document()
    for item in (Speech("asst"), Piece("a", 0)):
        document.append(item)
    document.place(Marker("pirate → +0.05 rel", 1))
    document.place(Marker("pirate → +0.10 rel", 1))
    document.place(Marker("poet → +0.10 rel", 1))
    assert [item.text for item in document.items if isinstance(item, Marker)] == [
        "pirate → +0.10 rel",
        "poet → +0.10 rel",
    ]


def test_rewind_keeps_what_was_said_before() -> None:
    document = Document()
    for item in (
        Speech("you"),
        Piece("hi"),
        Speech("asst"),
        *(Piece(str(i), i) for i in range(5)),
        Note("stopped"),
    ):
        document.append(item)
    document.rewind(2)
    assert document.last_answer() == "01"
    assert document.piece(1) is not None
    assert document.piece(3) is None


def test_rewind_takes_back_a_turn_that_was_thrown_in_with_its_speakers() -> None:
    document = Document()
    thrown = [Marker("DISTRACTOR", 1), Speech("you", inside=True), Piece("Hey!", origin="injected")]
    for item in (Speech("asst"), Piece("one", 0), *thrown, Speech("asst", inside=True), Piece(" two", 1)):
        document.append(item)
    assert document.last_answer() == "one two"
    document.rewind(0)
    assert document.items == [Speech("asst")]


def test_rewind_takes_back_what_came_in_among_the_tokens() -> None:
    document = Document()
    kept = (Speech("asst"), Piece("0", 0), Marker("louder", 1), Piece("1", 1), Marker("DISTRACTOR", 2))
    thrown_in = Piece("look!", origin="injected")
    for item in (*kept, thrown_in, Piece("2", 2), Marker("DISTRACTOR", 3), Piece("hey!", origin="injected")):
        document.append(item)
    document.rewind(2)
    assert document.items == [*kept, thrown_in], "a change before the token that comes next is still in force"
    told = Marker("1 tokens taken back", 2, lasting=True)
    document.append(told)
    document.rewind(1)
    assert document.items == [*kept[:3], told]


@pytest.mark.parametrize("width", [1, 2, 3, 8])
def test_wide_characters_end_at_any_width_and_none_is_lost(width: int) -> None:
    """Before a widget has a size its text is one cell wide."""
    layout = Layout(width)
    text = "漢字漢字🙂abcdefghij漢"
    layout.fold([Speech("asst"), *(Piece(part, index) for index, part in enumerate((text[:5], text[5:])))])
    assert "".join(line.text for line in layout.lines) == text
    assert all(line.cells <= max(width, 2) for line in layout.lines)
