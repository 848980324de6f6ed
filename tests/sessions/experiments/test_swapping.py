"""Flips: planted texts that switch or stay, with and without a spike, and the null without a flip."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sessions.experiments.hot_swap.swapping import (  # fmt: skip
    JOLT_ONLY,
    JOLT_SWITCH,
    NAMES,
    NO_SWITCH,
    READ_AS,
    SMOOTH_SWITCH,
    Flip,
    around,
    jump,
    named,
    perplexity,
    ramp,
    settled,
    spike,
    switched,
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
    flip = around(nll, stance(changes), AT, WINDOW)
    assert flip is not None
    assert named(flip, usual_spike=3.0) == name
    assert switched(flip) is changes


def test_every_name_says_what_else_would_explain_it() -> None:
    assert set(READ_AS) == set(NAMES)
    assert all(word not in text for text in READ_AS.values() for word in ("proves", "confirms", "intrinsic"))


def test_a_text_that_changes_vocabulary_is_not_smooth_for_that() -> None:
    """The inverted formula: it would call a full copy smooth and a new vocabulary a fight. Words do not enter here."""
    copied = around(CALM, stance(False), AT, WINDOW)
    renewed = around(CALM, stance(True), AT, WINDOW)
    assert copied is not None
    assert renewed is not None
    assert named(copied, 3.0) == NO_SWITCH
    assert named(renewed, 3.0) == SMOOTH_SWITCH


def test_without_a_flip_nothing_jumps_on_average() -> None:
    chance = np.random.default_rng(0)
    jumps = [jump(chance.gamma(2.0, size=40).tolist(), AT, WINDOW) for _ in range(400)]
    assert abs(np.mean(jumps)) < 3 * np.std(jumps) / math.sqrt(len(jumps))


def test_identical_text_has_identical_perplexity() -> None:
    half = [0.5, 2.0, 1.0, 3.0]
    assert jump(half + half, 4, 4) == 0
    assert perplexity(half) == pytest.approx(math.exp(np.mean(half)))


def test_a_spike_is_looked_for_near_the_flip_only() -> None:
    nll = [9.0] + [1.0] * 38 + [9.0]
    assert spike(nll, AT) == 1.0
    assert spike(jolted(), AT) == 9.0


def test_a_switch_has_to_hold() -> None:
    assert settled(stance(True), AT) == 0
    late = settled(stance(True, after=6), AT)
    assert late is not None
    assert 6 <= late <= 10, "smoothing may delay it by its window"
    flicker = [1.0] * AT + [-1.0, 1.0] * 10
    assert settled(flicker, AT) is None or switched(
        around(CALM, flicker, AT, WINDOW) or Flip(0, 0, 1, 1, None)
    )
    assert settled([1.0] * 40, AT) is None
    assert settled([1.0] * (AT + 2), AT) is None


def test_a_text_that_ended_before_the_flip_has_none() -> None:
    assert around([1.0] * AT, [1.0] * AT, AT, WINDOW) is None


def test_a_ramp_ends_where_it_should() -> None:
    assert ramp(1.0, -1.0, 4) == [0.5, 0.0, -0.5, -1.0]
    assert ramp(1.0, -1.0, 1) == [-1.0]
    assert ramp(0.35, -0.35, 0) == [-0.35]
