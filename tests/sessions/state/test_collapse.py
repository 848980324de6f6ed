"""The collapse lamp: lit by text that has collapsed, dark for text that has not, silent about what was not measured."""

from __future__ import annotations

import random
from typing import Any

import pytest

from core.demo.demo_world import DEMO_WORLD
from sessions.state.collapse import LIMITS, WINDOW, advise_scale, collapse_signs, measure_window
from sessions.state.state import AnswerToken

SOUND = {"entropy": 1.5, "lp0": -2.0, "delta": 0.2}


def said(ids: list[int], mix: str = "m", **values: float) -> list[AnswerToken]:
    return [AnswerToken(token, "", mix=mix, values=SOUND | values) for token in ids]


def ordinary(count: int = 64, seed: int = 0, mix: str = "m", **values: float) -> list[AnswerToken]:
    """Words drawn as prose draws them: few are common (Zipf)."""
    rng = random.Random(seed)
    weights = [1 / rank for rank in range(1, 500)]
    return said(rng.choices(range(1, 500), weights, k=count), mix, **values)


def mixer(scale: float, name: str = "pirate", **more: Any) -> dict[str, Any]:
    return {"channels": [{"name": name, "scale": scale, "unit": "relative", **more}]}


@pytest.mark.parametrize("seed", range(20))
def test_null_prose_lights_nothing(seed: int) -> None:
    assert collapse_signs(ordinary(seed=seed)) == ()


def test_null_what_the_demo_world_says_lights_nothing() -> None:
    """Its prompts are the most formulaic text we have; words stand for tokens."""
    words = " ".join(DEMO_WORLD.examples).split()
    ids = {word: number for number, word in enumerate(dict.fromkeys(words))}
    text = [ids[word] for word in words]
    for start in range(0, max(len(text) - WINDOW, 1), 8):
        assert collapse_signs(said(text[start : start + WINDOW])) == ()


@pytest.mark.parametrize(
    ("tokens", "name"),
    [
        (said([7] * 64), "repetition"),
        (said([1, 2, 3, 4, 5] * 12), "repetition"),
        (ordinary(entropy=8.0), "entropy"),
        (ordinary(lp0=-7.0), "perplexity"),
        (ordinary(delta=1.6), "push"),
    ],
)
def test_planted_collapse_is_named(tokens: list[AnswerToken], name: str) -> None:
    found = collapse_signs(tokens)
    assert [symptom.name for symptom in found] == [name]
    assert found[0].value >= LIMITS[name]
    assert found[0].words


def test_the_window_is_the_last_one() -> None:
    assert collapse_signs(said([7] * 64) + ordinary(WINDOW)) == ()
    assert collapse_signs(ordinary(64) + said([7] * WINDOW))
    assert collapse_signs(said([7] * (WINDOW - 1))) == ()


def test_what_was_not_measured_lights_nothing() -> None:
    bare = [AnswerToken(number, "") for number in range(64)]
    assert measure_window(bare[:WINDOW]) == {"repetition": 0.0}
    assert collapse_signs(bare) == ()


def test_perplexity_is_the_exponential_of_the_mean_loss() -> None:
    assert measure_window(ordinary(WINDOW, lp0=-3.0))["perplexity"] == pytest.approx(20.0855, rel=1e-4)


def test_advice_is_the_last_smaller_scale_that_was_coherent() -> None:
    mixers = {"low": mixer(0.3), "high": mixer(0.6), "lower": mixer(0.1)}
    answers = [ordinary(40, mix="lower"), [*ordinary(40, mix="low"), *said([7] * 40, mix="high")]]
    found = advise_scale(answers, mixers)
    assert found is not None
    assert (found.channel, found.now, found.scale, found.tried) == ("pirate", 0.6, 0.3, True)
    assert found.words == "pirate +0.60 → +0.30 relative: the last window there was coherent"


def test_advice_keeps_the_sign_and_skips_what_had_collapsed_too() -> None:
    mixers = {"low": mixer(0.3), "high": mixer(-0.6), "off": mixer(0.0)}
    answers = [[*ordinary(40, mix="off"), *said([7] * 40, mix="low"), *said([7] * 40, mix="high")]]
    found = advise_scale(answers, mixers)
    assert found is not None
    assert (found.scale, found.tried) == (0.0, True)


def test_advice_without_experience_is_half_and_says_so() -> None:
    found = advise_scale([said([7] * 64, mix="high")], {"high": mixer(0.6)})
    assert found is not None
    assert (found.scale, found.tried) == (0.3, False)
    assert "no smaller scale was tried yet" in found.words


def test_no_advice_where_nothing_pushes() -> None:
    assert advise_scale([said([7] * 64)], {"m": mixer(0.6, muted=True)}) is None
    assert advise_scale([said([7] * 64)], {"m": {**mixer(0.6), "bypassed": True}}) is None
    assert advise_scale([], {}) is None
