"""Flips: planted texts that switch or stay, with and without a spike, and the null without a flip."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sessions.experiments.hot_swap.swapping import (
    JOLT_ONLY,
    JOLT_SWITCH,
    NAMES,
    NO_SWITCH,
    READ_AS,
    SMOOTH_SWITCH,
    FlipEffect,
    has_switched,
    measure_flip,
    name_outcome,
    nll_spike,
    perplexity,
    perplexity_jump,
    scale_ramp,
    tokens_to_switch,
)

AT, WINDOW = 20, 15
CALM = [1.0] * 40


def stance(changes: bool, after: int = 0) -> list[float]:
    return [1.0] * (AT + after) + [-1.0 if changes else 1.0] * (20 - after)


def jolted() -> list[float]:
    return [9.0 if i == AT + 2 else 1.0 for i in range(40)]


@pytest.mark.parametrize(
    ("nll", "changes", "name"),
    [
        (CALM, True, SMOOTH_SWITCH),
        (jolted(), True, JOLT_SWITCH),
        (CALM, False, NO_SWITCH),
        (jolted(), False, JOLT_ONLY),
    ],
)
def test_the_four_are_named(nll: list[float], changes: bool, name: str) -> None:
    flip = measure_flip(nll, stance(changes), AT, WINDOW)
    assert flip is not None
    assert name_outcome(flip, usual_spike=3.0) == name
    assert has_switched(flip) is changes


def test_every_name_says_what_else_would_explain_it() -> None:
    assert set(READ_AS) == set(NAMES)
    assert all(word not in text for text in READ_AS.values() for word in ("proves", "confirms", "intrinsic"))


def test_a_text_that_changes_vocabulary_is_not_smooth_for_that() -> None:
    """The inverted formula: it would call a full copy smooth and a new vocabulary a fight. Words do not enter here."""
    copied = measure_flip(CALM, stance(False), AT, WINDOW)
    renewed = measure_flip(CALM, stance(True), AT, WINDOW)
    assert copied is not None
    assert renewed is not None
    assert name_outcome(copied, 3.0) == NO_SWITCH
    assert name_outcome(renewed, 3.0) == SMOOTH_SWITCH


def test_without_a_flip_nothing_jumps_on_average() -> None:
    chance = np.random.default_rng(0)
    jumps = [perplexity_jump(chance.gamma(2.0, size=40).tolist(), AT, WINDOW) for _ in range(400)]
    assert abs(np.mean(jumps)) < 3 * np.std(jumps) / math.sqrt(len(jumps))


def test_identical_text_has_identical_perplexity() -> None:
    half = [0.5, 2.0, 1.0, 3.0]
    assert perplexity_jump(half + half, 4, 4) == 0
    assert perplexity(half) == pytest.approx(math.exp(np.mean(half)))


def test_a_spike_is_looked_for_near_the_flip_only() -> None:
    nll = [9.0] + [1.0] * 38 + [9.0]
    assert nll_spike(nll, AT) == 1.0
    assert nll_spike(jolted(), AT) == 9.0


def test_a_switch_has_to_hold() -> None:
    assert tokens_to_switch(stance(True), AT) == 0
    late = tokens_to_switch(stance(True, after=6), AT)
    assert late is not None
    assert 6 <= late <= 10, "smoothing may delay it by its window"
    flicker = [1.0] * AT + [-1.0, 1.0] * 10
    assert tokens_to_switch(flicker, AT) is None or has_switched(
        measure_flip(CALM, flicker, AT, WINDOW) or FlipEffect(0, 0, 1, 1, None)
    )
    assert tokens_to_switch([1.0] * 40, AT) is None
    assert tokens_to_switch([1.0] * (AT + 2), AT) is None


def test_a_text_that_ended_before_the_flip_has_none() -> None:
    assert measure_flip([1.0] * AT, [1.0] * AT, AT, WINDOW) is None


def test_a_ramp_ends_where_it_should() -> None:
    assert scale_ramp(1.0, -1.0, 4) == [0.5, 0.0, -0.5, -1.0]
    assert scale_ramp(1.0, -1.0, 1) == [-1.0]
    assert scale_ramp(0.35, -0.35, 0) == [-0.35]
