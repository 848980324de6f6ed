"""Counting as people count, shares of what there is, and nothing where there is nothing to measure."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from core.errors import UsageError
from sessions.experiments.common.counting import count_words, distinct_ngrams, word_adherence
from sessions.experiments.common.sampler import AnswerReading, SamplePrompt
from sessions.experiments.scoring.answers import SampledAnswer, differing_answers
from sessions.experiments.scoring.coherence import is_broken
from sessions.experiments.scoring.measures import MEASURES, measure
from tests.core.collapse.collapse_texts import REAL_LOOPS, greedy_answers, ordinary_texts
from tests.sessions.experiments.scripted import spoken


def answer(text: str, nll: float = 1.0, **about: object) -> SampledAnswer:
    said = spoken(text)
    prompt = SamplePrompt("p", ({"role": "user", "content": "?"},), about=about)
    return SampledAnswer(prompt, "unsteered", said, AnswerReading((nll,) * len(said.ids)))


def of(name: str, text: str, **about: object) -> float | None:
    return measure(name, "x").of(answer(text, **about))


def test_a_word_is_not_found_inside_another() -> None:
    """The source counts `cat` in `category`, `eat` in `great` and `x` in `exit`."""
    assert count_words(["cat"], "The category of the cat's exit, cat.") == 2
    assert count_words(["eat", "x"], "great exit") == 0
    assert count_words(["x"], "2x + x = 9") == 1


def test_a_phrase_counts_once_and_not_again_by_its_words() -> None:
    assert count_words(["step by step", "step"], "Step by  step, one step more.") == 2


def test_adherence_is_nothing_where_neither_occurs() -> None:
    """The source says 0.5, as if half of nothing were on the task."""
    assert word_adherence(["plan"], ["kitten"], "weather") is None
    assert word_adherence(["plan"], ["kitten"], "plan plan kitten plan") == 0.75
    assert word_adherence(["kitten"], ["plan"], "plan plan kitten plan") == 0.25


def test_distinct_n_by_hand() -> None:
    assert distinct_ngrams(["a", "b", "a", "b", "a"], 2) == 2 / 4
    assert distinct_ngrams(["a"], 2) is None


def test_question_marks_and_words_per_hundred() -> None:
    assert of("questions", "Why? And how? So.") == 2
    assert of("questions", "  ") is None
    assert of("words:plan,go on", "plan to go on with it") == pytest.approx(100 * 2 / 6)
    assert of("words:plan", "") is None


def test_the_world_s_own_labels() -> None:
    determined = "I will stay with the comic strip until it is done."
    drifting = "Maybe the comic strip can wait until next week."
    assert of("determined", f"{determined} {drifting}") == 0.5
    assert of("determined", "An unfinished") is None
    assert of("well-formed", f"{determined} The the of.") == 0.5


def test_completion_looks_for_the_prompt_s_own_keywords() -> None:
    assert of("completion", "Subtract 5, then x = 4.", keywords=("4", "subtract", "divide")) == pytest.approx(
        2 / 3
    )
    assert of("completion", "anything") is None


def test_entropy_is_that_of_what_was_drawn_from() -> None:
    said = answer("one two")
    even = replace(said, reading=replace(said.reading, entropy=(math.log(300),) * 2))
    assert MEASURES["entropy"].of(even) == pytest.approx(math.log(300)), "uniform over 300 tokens"
    assert MEASURES["entropy"].of(said) is None


def test_a_text_that_loops_is_flagged_and_nothing_is_said_of_none() -> None:
    assert of("flagged", "I will stay with the parser until it is done.") == 0
    assert of("flagged", "the the the the the the the") == 1
    assert of("flagged", " ") is None


def test_what_reads_otherwise_has_changed() -> None:
    assert differing_answers(
        [answer("a"), answer("b"), answer("c")], [answer("a"), answer("x"), answer("y")]
    ) == [
        0,
        1,
        1,
    ]


def test_every_measure_takes_an_empty_answer() -> None:
    for one in MEASURES.values():
        assert one.of(answer("")) in (None, 0.0)


def test_unknown_measures_are_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="one of determined"):
        measure("charm", "x")


def test_a_text_is_broken_by_what_the_unsteered_model_makes_of_it() -> None:
    before = answer("one two three four five six", 1.0)
    assert not is_broken(answer("two three four five six one", 1.9), before)
    assert is_broken(answer("two three four five six one", 2.1), before)
    assert is_broken(answer("", 1.0), before)
    assert not is_broken(answer("", 1.0), answer("", 1.0))


def test_a_text_that_repeats_itself_is_broken() -> None:
    before = answer("one two three four five six")
    said = answer("a")
    looping = SampledAnswer(
        said.prompt, "+1", type(said.generated)((1, 2, 3, 4) * 8, "a b c d " * 8), AnswerReading((1.0,) * 32)
    )
    assert is_broken(looping, before)
    # What the model says unsteered too is not the vector's doing.
    assert not is_broken(looping, looping)


def test_coherence_sees_the_loops_that_the_lamp_sees() -> None:
    before = answer("one two three four five six")
    for row in (*ordinary_texts()[::6], *greedy_answers()):
        ids = tuple(row["tokens"])
        said = replace(before.generated, ids=ids, text=row["text"], pieces=("",) * len(ids))
        one = replace(before, generated=said, reading=AnswerReading((1.0,) * len(ids)))
        assert is_broken(one, before) == ("prompt" in row and row["id"] in REAL_LOOPS)


def test_certainty_and_a_foreign_writing_system_are_broken() -> None:
    before = answer("one two three four five six")
    ids, low, high = tuple(range(40)), (0.01,) * 40, (1.0,) * 40
    said = replace(before.generated, ids=ids, text="word " * 40, pieces=("word ",) * 40)
    certain = replace(
        before, generated=said, reading=AnswerReading(high, entropy=low, unsteered_entropy=high)
    )
    assert is_broken(certain, before)
    assert not is_broken(replace(certain, reading=AnswerReading(high, entropy=low)), before)
    russian = replace(said, text="слово " * 40, pieces=("слово ",) * 40)
    assert is_broken(replace(before, generated=russian, reading=AnswerReading(high)), before)


def test_letters_of_a_distractor_are_not_foreign_to_an_answer() -> None:
    """Under an English prompt sixteen Cyrillic tokens are a collapse, unless a Cyrillic text was put in."""
    said = answer(
        "the plan " + "мы поговорим о погоде " * 2 + "и о том как сегодня светит яркое тёплое солнце"
    )
    assert said.collapse is not None
    assert said.collapse.system == "Cyrillic"
    assert replace(said, inserted=("Какая сегодня погода?",)).collapse is None
    assert replace(said, inserted=("What a day!",)).collapse == said.collapse
