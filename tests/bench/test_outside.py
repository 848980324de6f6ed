"""The outside measure of the suggested dose: its prompts are in no set, and it counts what it names."""

from collections.abc import Iterator

import pytest

from bench.outside import count_measure, outside_checks, outside_sets
from vectors.contrasts.catalogue import contrast
from vectors.contrasts.english import SETS as ENGLISH_SETS
from vectors.contrasts.lint.repetition import SHARED, word_grams
from vectors.contrasts.lint.side_words import pair_texts

SETS = outside_sets()
SAID = {"plus": "I'm so sorry, that must be hard.", "none": "The form is due on Friday."}


def texts_of_sets() -> Iterator[str]:
    for one in ENGLISH_SETS:
        for pair in contrast(one.name).pairs:
            yield from pair_texts(pair)


@pytest.mark.parametrize("name", SETS)
def test_its_prompts_are_in_no_set(name: str) -> None:
    prompts = SETS[name]["prompts"]
    assert len(set(prompts)) == len(prompts) >= 24
    known = [frozenset(word_grams(text, frozenset())) for text in texts_of_sets()]
    for prompt in prompts:
        grams = frozenset(word_grams(prompt, frozenset()))
        assert max(len(grams & other) for other in known) <= SHARED * len(grams), prompt


def test_it_counts_words_per_hundred_and_marks_per_answer() -> None:
    empathy = SETS["empathy"]["count"]
    assert count_measure(SAID["plus"], empathy) == pytest.approx(100 * 2 / 7)
    assert count_measure(SAID["none"], empathy) == 0
    assert count_measure("Why? Who? Yes.", SETS["questions"]["count"]) == 2
    assert count_measure("My dog likes me, we ran.", SETS["persona"]["count"]) == pytest.approx(-100 * 3 / 6)
    assert count_measure("", empathy) == 0


def effect(low: float, broken: float) -> dict[str, dict[str, object]]:
    return {"plus": {"interval": (low, 1.0), "broken": broken}}


@pytest.mark.parametrize(
    ("lows", "broken", "holds"),
    [
        ((0.1, 0.1, 0.1, -0.1), 0.1, [True, True]),
        ((0.1, 0.1, -0.1, -0.1), 0.1, [False, True]),
        ((0.1, 0.1, 0.1, 0.1), 0.2, [True, False]),
    ],
)
def test_three_of_four_must_move_and_few_answers_break(
    lows: tuple[float, ...], broken: float, holds: list[bool]
) -> None:
    found = {str(number): effect(low, broken) for number, low in enumerate(lows)}
    assert [check.holds for check in outside_checks(found)] == holds
