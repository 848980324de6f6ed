"""The loop detector: lit by every loop, dark on 300 ordinary texts, the same token by token and at once."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence

import numpy as np
import pytest

from core.collapse.loops import KEPT, LONGEST, REACH, UNKNOWN, LoopDetector, find_period
from tests.core.collapse.collapse_texts import (
    REAL_LOOPS,
    greedy_answers,
    loops_of,
    ordinary_texts,
    planted_loops,
)


def naive_period(ids: Sequence[int]) -> int | None:
    """The rule as it is written down, over the whole text."""
    x = np.asarray(ids)
    for lag in range(1, min(LONGEST, len(x) - 1) + 1):
        same = x[lag:] == x[:-lag]
        for factor, floor, share in ((1.25, 24, 0.95), (2.5, 48, 0.88)):
            n = max(math.ceil(factor * lag), floor)
            if len(same) >= n and same[-n:].mean() >= share - 1e-9:
                return lag
    return None


def first_loop(ids: Sequence[int]) -> tuple[int, int] | None:
    """(tokens read, period) where a text first loops."""
    detector = LoopDetector()
    for count, token in enumerate(ids, start=1):
        if period := detector.add_token(token):
            return count, period
    return None


def in_time(row: dict[str, int]) -> bool:
    found = first_loop(row["tokens"])
    return found is not None and found[0] <= row["lead_tokens"] + max(2.5 * row["period"], 24) + 8


def test_null_300_ordinary_texts_never_loop() -> None:
    assert len(ordinary_texts()) == 300
    assert [(row["id"], row["kind"]) for row in ordinary_texts() if first_loop(row["tokens"])] == []


def test_null_shuffled_ordinary_texts_never_loop() -> None:
    chance = random.Random(0)
    shuffled = [chance.sample(row["tokens"], len(row["tokens"])) for row in ordinary_texts()[::3]]
    assert [ids for ids in shuffled if first_loop(ids)] == []


def test_every_exact_loop_is_found_in_time_and_with_its_period() -> None:
    rows = loops_of("exact")
    assert len(rows) == 16
    assert [first_loop(row["tokens"])[1] for row in rows] == [row["period"] for row in rows]  # type: ignore[index]
    assert [row["period"] for row in rows if not in_time(row)] == []


def test_loops_with_changed_words_are_found() -> None:
    assert sum(map(in_time, loops_of("replace", 0.02))) >= 12
    assert sum(find_period(row["tokens"]) is not None for row in loops_of("replace", 0.05)) >= 11


def test_ten_of_24_real_answers_loop() -> None:
    assert {row["id"] for row in greedy_answers() if first_loop(row["tokens"])} == REAL_LOOPS


def test_token_by_token_it_says_what_the_rule_says_of_the_whole() -> None:
    chance = random.Random(1)
    noisy = [7 if chance.random() < 0.93 else chance.randrange(9) for _ in range(400)]
    texts = [row["tokens"][:300] for row in (*planted_loops()[3::16], *greedy_answers()[::11])]
    for ids in (*texts, ordinary_texts()[5]["tokens"], noisy, [chance.randrange(3) for _ in range(300)]):
        detector = LoopDetector()
        found = [detector.add_token(token) for token in ids]
        assert found[::3] == [naive_period(ids[: count + 1]) for count in range(0, len(ids), 3)]


def test_a_long_text_is_judged_by_its_last_tokens() -> None:
    chance = random.Random(2)
    words = [chance.randrange(500) for _ in range(KEPT + 700)]
    unit = words[:200]
    detector = LoopDetector([*words, *unit * 3])
    assert (detector.period, naive_period([*words, *unit * 3])) == (200, 200)
    assert find_period([*unit * 9, *words]) is None
    tail = [*words, *unit * 3][-REACH:]
    assert LoopDetector(tail).period == detector.period
    # What is dropped on the way is in no window: a loop of the longest period never goes dark.
    longest = [chance.randrange(500) for _ in range(LONGEST)]
    detector = LoopDetector(longest * 3)
    assert {detector.add_token(token) for token in longest * 12} == {LONGEST}


def test_a_loop_ends_when_the_text_goes_on() -> None:
    detector = LoopDetector([5] * 60)
    assert detector.period == 1
    assert [detector.add_token(token) for token in range(100, 140)][-1] is None


def test_tokens_that_are_lost_agree_with_nothing() -> None:
    assert find_period([UNKNOWN] * 100) is None
    assert find_period([3] * 25) == 1


@pytest.mark.parametrize("ids", [[], [1], [1] * 24])
def test_too_short_a_text_does_not_loop(ids: list[int]) -> None:
    assert find_period(ids) is None


def test_agreement_is_the_best_share_over_all_lags() -> None:
    assert LoopDetector([1, 2, 3, 4] * 20).best_agreement(32) == 1.0
    assert LoopDetector(range(64)).best_agreement(32) == 0.0
    half = [token for n in range(40) for token in (7, 100 + n)]
    assert LoopDetector(half).best_agreement(32) == 0.5


def test_a_token_is_cheap_in_prose_and_in_the_shortest_loop() -> None:
    """50 µs on one core; ten times that leaves room for a busy machine, and for no loop over all lags."""
    for ids in (ordinary_texts()[0]["tokens"] * 4, [7] * 1000):
        detector, began = LoopDetector(), time.process_time()
        for token in ids:
            detector.add_token(token)
        assert (time.process_time() - began) / len(ids) < 500e-6
