"""The collapse lamp: lit by text that has collapsed, dark for text that has not, silent about what was not measured."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest

from core.demo.demo_world import DEMO_WORLD
from sessions.state.collapse import (
    LIMITS,
    WINDOW,
    CollapseWatch,
    advise_scale,
    given_texts,
    measure_window,
    turn_flags,
    window_signs,
)
from sessions.state.state import AnswerToken, Marker, Turn
from tests.core.collapse.collapse_texts import REAL_LOOPS, greedy_answers, ordinary_texts, planted_loops

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


def path_to(tokens: list[AnswerToken], prompt: str = "Say it.", **more: Any) -> tuple[Turn, Turn]:
    """A question and its answer."""
    return Turn(0, None, "user", prompt), Turn(1, 0, "assistant", gen=0, tokens=tuple(tokens), **more)


def reasons(tokens: list[AnswerToken], prompt: str = "Say it.") -> list[str]:
    """What the lamp says of the end of an answer."""
    return [getattr(sign, "reason", getattr(sign, "name", "")) for sign in _signs(path_to(tokens, prompt))]


def _signs(path: tuple[Turn, ...]) -> tuple[Any, ...]:
    return CollapseWatch().find_signs(path)


@pytest.mark.parametrize("seed", range(20))
def test_null_prose_lights_nothing(seed: int) -> None:
    assert reasons(ordinary(seed=seed)) == []


def test_null_what_the_demo_world_says_lights_nothing() -> None:
    """Its prompts are the most formulaic text we have; words stand for tokens."""
    words = " ".join(DEMO_WORLD.examples).split()
    ids = {word: number for number, word in enumerate(dict.fromkeys(words))}
    assert "collapsed" not in turn_flags(path_to(said([ids[word] for word in words]))[1], ())


def test_the_lamp_over_whole_answers_is_that_of_the_rule() -> None:
    """Dark on ordinary texts, lit by the ten real loops, in frames of five tokens as they come."""
    sound = [*ordinary_texts()[::10], *(row for row in greedy_answers() if row["id"] not in REAL_LOOPS)]
    loops = [*(row for row in greedy_answers() if row["id"] in REAL_LOOPS), *planted_loops()[::11]]
    assert not any(_was_lit(row["tokens"]) for row in sound)
    assert [_was_lit(row["tokens"]) for row in loops] == [
        "collapsed" in turn_flags(path_to(said(row["tokens"]))[1], ()) for row in loops
    ]
    assert sum(map(_was_lit, (row["tokens"] for row in loops))) >= 10


def _was_lit(ids: list[int]) -> bool:
    watch, tokens = CollapseWatch(), said(ids)
    return any(watch.find_signs(path_to(tokens[:end])) for end in range(5, len(tokens) + 1, 5))


@pytest.mark.parametrize(
    ("tokens", "name"),
    [
        (said([7] * 64), "loop"),
        (said([*range(20)] * 4), "loop"),
        (ordinary(entropy=8.0), "entropy"),
        (ordinary(lp0=-7.0), "perplexity"),
        (ordinary(delta=1.6), "push"),
        (ordinary(entropy=0.01, entropy0=1.2), "certainty"),
    ],
)
def test_planted_collapse_is_named(tokens: list[AnswerToken], name: str) -> None:
    assert reasons(tokens) == [name]
    (sign,) = _signs(path_to(tokens))
    assert sign.words
    if name in LIMITS:
        assert sign.value >= LIMITS[name]


def test_a_sentence_that_comes_back_lights_the_lamp() -> None:
    """`I'm just a food-favorite, and …`: 20 tokens again and again, which a window of 32 cannot see."""
    sentence = [*range(900, 920)]
    assert reasons(said([*range(40), *sentence * 8])) == ["loop"]
    assert _signs(path_to(said([*range(40), *sentence * 8])))[0].words.endswith("a period of 20 tokens")


def test_a_foreign_writing_system_is_foreign_to_everything_that_was_given() -> None:
    tokens = [AnswerToken(n, " слово", values=SOUND) for n in range(40)]
    assert reasons(tokens) == ["writing system"]
    assert reasons(tokens, "По-русски, пожалуйста.") == []
    assert _signs(path_to(tokens, settings={"system": "Отвечай по-русски."})) == ()
    assert _signs(path_to(tokens, markers=(Marker(3, "inject", "Привет!", "user"),))) == ()
    assert _signs(path_to(tokens, given_text="Да,")) == ()
    # What the model itself said before makes nothing familiar.
    _, before = path_to(tokens)
    assert _signs((before, *path_to(tokens))) != ()
    assert given_texts(path_to(tokens, "A?", settings={"system": "B."})) == ["A?", "", "B."]


def test_the_watch_says_what_a_new_one_says_after_rewinds_and_in_other_answers() -> None:
    watch, prose, loop = CollapseWatch(), ordinary(40), said([7] * 40)
    for tokens in (
        prose[:20],
        loop,
        prose,
        [*prose, *loop],
        [*prose, *loop[:10]],
        [*prose, *prose],
        loop,
        prose[:5],
    ):
        assert watch.find_signs(path_to(tokens)) == _signs(path_to(tokens))
    assert watch.find_signs(()) == ()


def test_a_frame_costs_little() -> None:
    """A token 50 µs on one core, the fold of the lamp included; ten times that for a busy machine."""
    tokens = said((ordinary_texts()[0]["tokens"] * 8)[:1200])
    watch, began = CollapseWatch(), time.process_time()
    for end in range(4, len(tokens), 4):
        watch.find_signs(path_to(tokens[:end]))
    assert (time.process_time() - began) / len(tokens) < 500e-6


def test_the_window_is_the_last_one() -> None:
    assert window_signs(ordinary(64, lp0=-7.0) + ordinary(WINDOW)) == ()
    assert window_signs(ordinary(64) + ordinary(WINDOW, lp0=-7.0))
    assert window_signs(ordinary(WINDOW - 1, lp0=-7.0)) == ()


def test_a_number_that_just_reaches_its_limit_is_a_sign() -> None:
    limit = LIMITS["entropy"]
    assert [sign.value for sign in window_signs(ordinary(WINDOW, entropy=limit))] == [limit]
    assert window_signs(ordinary(WINDOW, entropy=limit - 2**-20)) == ()
    assert reasons(said([7] * 64) + ordinary(WINDOW)) == []


def test_what_was_not_measured_lights_nothing() -> None:
    bare = [AnswerToken(number, "") for number in range(64)]
    assert measure_window(bare[:WINDOW]) == {}
    assert reasons(bare) == []
    assert reasons(ordinary(entropy=0.01)) == [], "no unsteered lane"


def test_the_flags_of_an_answer_name_its_first_sign() -> None:
    path = path_to([*ordinary(40), *said([7] * 40), *ordinary(40)])
    flags = turn_flags(path[1], path)
    assert flags["collapsed"]["reason"] == "loop"
    assert 40 < flags["collapsed"]["at"] < 80
    assert turn_flags(path_to(ordinary(80))[1], ()) == {}


def test_perplexity_is_the_exponential_of_the_mean_loss() -> None:
    assert measure_window(ordinary(WINDOW, lp0=-3.0))["perplexity"] == pytest.approx(20.0855, rel=1e-4)


def test_a_perplexity_that_the_unsteered_model_expects_does_not_count() -> None:
    """Sampled at temperature 1, a model that is unsure says what it finds unlikely itself."""
    assert reasons(ordinary(lp0=-4.5, entropy0=4.2)) == []
    assert reasons(ordinary(lp0=-4.5, entropy0=3.0)) == ["perplexity"]
    assert reasons(ordinary(lp0=-4.5)) == ["perplexity"]


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
