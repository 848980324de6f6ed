"""Writing systems: what a letter belongs to, and when an answer has drifted into another."""

from __future__ import annotations

import pytest

from core.collapse.writing_systems import (
    EAST_ASIAN,
    FOREIGN,
    LATIN,
    familiar_systems,
    foreign_system,
    letter_system,
    writing_systems,
)
from tests.core.collapse.collapse_texts import ordinary_texts

ENGLISH = familiar_systems(["What is the capital of France?"])
RUSSIAN = "Москва столица России и самый большой город страны"


@pytest.mark.parametrize(
    ("character", "system"),
    [
        ("a", LATIN), ("ß", LATIN), ("ﬁ", LATIN), ("𝐀", LATIN), ("ª", LATIN), ("Ж", "Cyrillic"), ("µ", "Greek"),
        ("ह", "Devanagari"), ("中", EAST_ASIAN), ("か", EAST_ASIAN), ("ー", EAST_ASIAN), ("ｶ", EAST_ASIAN),
        ("한", "Hangul"), ("7", None), ("—", None), ("😀", None), ("ˈ", None), ("\ue000", None),
    ],
)  # fmt: skip
def test_the_system_of_a_letter(character: str, system: str | None) -> None:
    assert letter_system(character) == system


def test_the_systems_of_a_text() -> None:
    assert writing_systems("1 + 1 = 2 …") == frozenset()
    assert writing_systems("π is 3.14") == {LATIN, "Greek"}


@pytest.mark.parametrize("cut", ["letters", "words"])
def test_null_ordinary_texts_under_a_prompt_in_their_own_script(cut: str) -> None:
    """The prompt has one letter of each system of the text and no Latin one but where the text is Latin alone."""
    lit = []
    for row in ordinary_texts():
        systems = writing_systems(row["text"])
        prompt = [next(c for c in row["text"] if letter_system(c) == system) for system in systems - {LATIN}]
        pieces = list(row["text"]) if cut == "letters" else [f"{word} " for word in row["text"].split()]
        familiar = familiar_systems(prompt)
        if any(foreign_system(pieces[:end], familiar) for end in range(1, len(pieces) + 1)):
            lit.append(row["id"])
    assert lit == []


def test_an_answer_in_letters_that_nobody_used_is_named() -> None:
    words = [f"{word} " for word in (RUSSIAN * 3).split()]
    assert foreign_system(words[:FOREIGN], ENGLISH) == "Cyrillic"
    assert foreign_system(words[: FOREIGN - 1], ENGLISH) is None
    assert foreign_system(words[:FOREIGN], familiar_systems(["Hello", "Говори по-русски"])) is None


def test_loan_words_and_symbols_do_not_count() -> None:
    one, other = ["Moskva ", "(", "Москва", ") "], ["π", " ≈ ", *"3.14159265358979323846"]
    assert foreign_system(one * 20, ENGLISH) is None
    assert foreign_system(other, ENGLISH) is None
    assert foreign_system(["— ", "1", "2 "] * 30, ENGLISH) is None


def test_signs_between_do_not_end_a_run() -> None:
    assert foreign_system([*["слово", ", "] * FOREIGN], ENGLISH) == "Cyrillic"


def test_tokens_of_parts_of_a_character_count_with_it() -> None:
    thai = ["", "", "ก"]
    assert foreign_system(thai * 6, ENGLISH) == "Thai"
    assert foreign_system(thai * 5, ENGLISH) is None
    # Parts of an emoji belong to no letter.
    assert foreign_system([*["", "", "", "😀"] * 10, "ก"], ENGLISH) is None


def test_salad_of_several_systems_is_named_by_the_commonest() -> None:
    assert foreign_system(["Ж", "Д", "ก"] * 8, ENGLISH) == "Cyrillic"
