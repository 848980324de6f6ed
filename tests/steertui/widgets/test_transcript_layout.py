"""Folding arriving text gives the lines that folding the whole text would give, and touches only the end."""

from __future__ import annotations

import random
import textwrap

import pytest
from rich.cells import cell_len

from sessions.state.mixer_changes import describe_change, mixer_changes
from steertui.screens.past_sessions import change_mark
from steertui.widgets.transcript import layout as layout_module
from steertui.widgets.transcript.document import (
    TextPiece,
    TranscriptDocument,
    TranscriptMarker,
    TranscriptNote,
    TranscriptTurn,
)
from steertui.widgets.transcript.layout import TranscriptLayout

SENTENCE = "the parser will not give up on a long and winding configuration file until it is right"
WORDS = SENTENCE.split()


def tokens(text: str, rng: random.Random) -> list[TextPiece]:
    pieces, at = [], 0
    while at < len(text):
        size = rng.randint(1, 6)
        pieces.append(TextPiece(text[at : at + size], len(pieces)))
        at += size
    return pieces


def folded(width: int, *items: object) -> list[str]:
    layout = TranscriptLayout(width)
    layout.fold(items)  # type: ignore[arg-type]
    return [line.text.rstrip() for line in layout.lines]


@pytest.mark.parametrize("width", [20, 33, 80])
@pytest.mark.parametrize("seed", range(5))
def test_tokens_fold_like_textwrap(width: int, seed: int) -> None:
    rng = random.Random(seed)
    text = " ".join(rng.choice(WORDS) for _ in range(120))
    assert folded(width, TranscriptTurn("asst"), *tokens(text, rng)) == textwrap.wrap(text, width)


def test_paragraphs_and_indentation_survive() -> None:
    assert folded(30, TranscriptTurn("asst"), TextPiece("one\n\n  two", 0)) == ["one", "", "  two"]


def thoughtful(spoken: str) -> list[TextPiece]:
    """Five tokens of thought, then the answer."""
    words = ["<think>", "\n", "one ", "two ", "</think>"]
    thought = [TextPiece(word, index, region="thinking") for index, word in enumerate(words)]
    return [*thought, *(TextPiece(text, 5 + k) for k, text in enumerate(("\n\n", *spoken.split("|"))))]


@pytest.mark.parametrize("hidden", [False, True])
def test_a_thought_has_its_length_above_it_and_can_be_folded(hidden: bool) -> None:
    before, after = TextPiece("Well. ", 0), thoughtful("Three| four.")
    layout = TranscriptLayout(30, hidden)
    layout.fold([TranscriptTurn("asst"), before, *after])
    shown = [line.text.rstrip() for line in layout.lines]
    inside = [] if hidden else ["<think>", "one two </think>"]
    assert shown == ["Well.", f"{'▸' if hidden else '▾'} thought · 5 tokens", *inside, "Three four."]
    # Token by token the lines are the same, and nothing above the first changed line has changed.
    grown = TranscriptLayout(30, hidden)
    for item in (TranscriptTurn("asst"), before, *after):
        kept = [(line.text, line) for line in grown.lines]
        first = grown.add(item)
        assert [(line.text, line) for line in grown.lines[:first]] == kept[:first]
    assert [line.text for line in grown.lines] == [line.text for line in layout.lines]


def test_the_copied_answer_is_without_its_thought() -> None:
    document = TranscriptDocument()
    for item in (TranscriptTurn("asst"), *thoughtful("Three| four.")):
        document.append(item)
    assert document.last_answer() == "Three four."


def test_wide_and_endless_words_are_cut_by_cells() -> None:
    layout = TranscriptLayout(9)
    layout.fold([TranscriptTurn("asst"), TextPiece("日本語日本語日本語", 0), TextPiece("x" * 40, 1)])
    assert all(line.cells == cell_len(line.text) <= 9 for line in layout.lines)
    assert "".join(line.text for line in layout.lines) == "日本語日本語日本語" + "x" * 40


LETTERS = ("ab", "日本", "Жx", "a日", "e\u0301", "👍", "ab c")


def laid_out(width: int, texts: list[str]) -> list[tuple[str, str, list[str], int, bool]]:
    layout = TranscriptLayout(width)
    layout.fold([TranscriptTurn("asst"), *(TextPiece(text, n) for n, text in enumerate(texts))])
    return [
        (line.kind, line.gutter, [text for text, _ in line.runs], line.cells, line.soft)
        for line in layout.lines
    ]


@pytest.mark.parametrize("width", [1, 2, 3, 9, 20])
def test_long_words_are_cut_at_once_where_one_character_after_the_other_would_be(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(width)
    talks = [
        [
            "".join(rng.choice(rng.choice(LETTERS)) for _ in range(rng.choice((1, 7, 90))))
            + rng.choice(" \n-")
            if rng.random() < 0.3
            else rng.choice(LETTERS[:4])[: rng.randint(1, 2)] * rng.choice((1, 30, 100))
            for _ in range(5)
        ]
        for _ in range(100)
    ]
    quick = [laid_out(width, texts) for texts in talks]
    monkeypatch.setattr(layout_module, "_uniform_width", lambda word, cells: 0)
    assert [laid_out(width, texts) for texts in talks] == quick


@pytest.mark.parametrize("letter", ["W", "Ж", "日"])
def test_a_word_of_a_megabyte_is_not_measured_letter_by_letter(
    letter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[str] = []
    monkeypatch.setattr(layout_module, "cell_len", lambda text: measured.append(text) or cell_len(text))
    piece = TextPiece(letter * 100_000, 0)
    layout = TranscriptLayout(80)
    layout.fold([TranscriptTurn("asst"), piece])
    assert "".join(line.text for line in layout.lines) == piece.text
    assert piece.line == len(layout.lines) - 1
    assert len(measured) < 10


def test_appending_touches_only_the_end() -> None:
    layout = TranscriptLayout(40)
    layout.add(TranscriptTurn("asst"))
    for index in range(2000):
        before = list(layout.lines)
        first = layout.add(TextPiece(f" word{index}", index))
        assert first >= len(before) - 1
        assert all(old is new for old, new in zip(before[:first], layout.lines, strict=False))


def test_pieces_know_their_line() -> None:
    layout = TranscriptLayout(24)
    pieces = tokens(" ".join(WORDS * 5), random.Random(1))
    layout.fold([TranscriptTurn("asst"), *pieces])
    for piece in pieces:
        if piece.text.strip():
            assert any(owner is piece for _, owner in layout.lines[piece.line].runs)


def changed(name: str, before: float, after: float, at: int) -> TranscriptMarker:
    """The marker of a scale that was changed at the desk."""
    old, new = ({"channels": [{"name": name, "scale": scale}]} for scale in (before, after))
    return change_mark(describe_change(old, new), at, mixer_changes(old, new))


def test_a_marker_cuts_the_line_at_its_token() -> None:
    flip = TranscriptMarker("FLIP pirate → −0.30 rel", 1)
    assert folded(40, TranscriptTurn("asst"), TextPiece("one", 0), flip, TextPiece(" two", 1)) == [
        "one",
        flip.text,
        "two",
    ]


def test_markers_at_the_start_stand_above_the_answer() -> None:
    layout = TranscriptLayout(40)
    layout.fold(
        [
            TranscriptTurn("asst"),
            TranscriptMarker("a +1.00", 0),
            TranscriptMarker("b +1.00", 0),
            TextPiece("hello", 0),
        ]
    )
    assert [line.text for line in layout.lines] == ["a +1.00", "b +1.00", "hello"]
    assert layout.lines[2].gutter.strip() == "asst"


def test_a_turned_knob_is_written_into_the_sentence() -> None:
    steps = [
        TextPiece("one", 0),
        changed("a", 0.0, 0.05, 1),
        TextPiece(" two", 1),
        changed("a", 0.05, 0.1, 2),
        TextPiece(" three", 2),
    ]
    lines = folded(60, TranscriptTurn("asst"), *steps)
    assert lines[:2] == ["one", "a → +0.05 rel"]
    assert lines[2].replace("\N{NO-BREAK SPACE}", " ") == "two ⟨+0.10 rel⟩ three"


def test_a_late_marker_finds_its_token() -> None:
    document = TranscriptDocument()
    for item in (TranscriptTurn("asst"), TextPiece("a", 0), TextPiece("b", 1), TextPiece("c", 2)):
        document.append(item)
    assert not document.insert_marker(TranscriptMarker("late", 1))
    assert [getattr(item, "text", "") for item in document.items] == ["", "a", "late", "b", "c"]
    assert document.insert_marker(TranscriptMarker("now", 3))


def test_an_overtaken_change_leaves_one_marker() -> None:
    document = TranscriptDocument()
    for item in (TranscriptTurn("asst"), TextPiece("a", 0)):
        document.append(item)
    document.insert_marker(changed("pirate", 0.0, 0.05, 1))
    document.insert_marker(changed("pirate", 0.0, 0.1, 1))
    document.insert_marker(changed("poet", 0.0, 0.1, 1))
    assert [item.text for item in document.items if isinstance(item, TranscriptMarker)] == [
        "pirate → +0.10 rel",
        "poet → +0.10 rel",
    ]


def test_rewind_keeps_what_was_said_before() -> None:
    document = TranscriptDocument()
    for item in (
        TranscriptTurn("you"),
        TextPiece("hi"),
        TranscriptTurn("asst"),
        *(TextPiece(str(i), i) for i in range(5)),
        TranscriptNote("stopped"),
    ):
        document.append(item)
    document.rewind(2)
    assert document.last_answer() == "01"
    assert document.piece(1) is not None
    assert document.piece(3) is None


def test_rewind_takes_back_a_turn_that_was_thrown_in_with_its_speakers() -> None:
    document = TranscriptDocument()
    thrown = [
        TranscriptMarker("DISTRACTOR", 1),
        TranscriptTurn("you", inside=True),
        TextPiece("Hey!", origin="injected"),
    ]
    for item in (
        TranscriptTurn("asst"),
        TextPiece("one", 0),
        *thrown,
        TranscriptTurn("asst", inside=True),
        TextPiece(" two", 1),
    ):
        document.append(item)
    assert document.last_answer() == "one two"
    document.rewind(0)
    assert document.items == [TranscriptTurn("asst")]


def test_rewind_takes_back_what_came_in_among_the_tokens() -> None:
    document = TranscriptDocument()
    kept = (
        TranscriptTurn("asst"),
        TextPiece("0", 0),
        TranscriptMarker("louder", 1),
        TextPiece("1", 1),
        TranscriptMarker("DISTRACTOR", 2),
    )
    thrown_in = TextPiece("look!", origin="injected")
    for item in (
        *kept,
        thrown_in,
        TextPiece("2", 2),
        TranscriptMarker("DISTRACTOR", 3),
        TextPiece("hey!", origin="injected"),
    ):
        document.append(item)
    document.rewind(2)
    assert document.items == [*kept, thrown_in], "a change before the token that comes next is still in force"
    told = TranscriptMarker("1 tokens taken back", 2, lasting=True)
    document.append(told)
    document.rewind(1)
    assert document.items == [*kept[:3], told]


@pytest.mark.parametrize("width", [1, 2, 3, 8])
def test_wide_characters_end_at_any_width_and_none_is_lost(width: int) -> None:
    """Before a widget has a size its text is one cell wide."""
    layout = TranscriptLayout(width)
    text = "漢字漢字🙂abcdefghij漢"
    layout.fold(
        [TranscriptTurn("asst"), *(TextPiece(part, index) for index, part in enumerate((text[:5], text[5:])))]
    )
    assert "".join(line.text for line in layout.lines) == text
    assert all(line.cells <= max(width, 2) for line in layout.lines)
