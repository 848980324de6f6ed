"""Answers in one batch: equal to single ones, with common random numbers; doses by KL; what texts show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

import core
from core.jobs.job import run_steps
from tests.core.collapse.collapse_texts import REAL_LOOPS, greedy_answers, ordinary_texts
from tests.vectors import planted
from vectors.checks import likelihood
from vectors.checks.answers.batch_answers import sample_answers
from vectors.checks.answers.capability import capability_choices, compare_choices, sign_test
from vectors.checks.answers.dose_search import (
    NEAR_TARGET,
    TARGET,
    Dose,
    KlTexts,
    find_dose,
    find_equal_dose,
    plain_texts,
)
from vectors.checks.answers.pushes import PushProfile, push_profile
from vectors.checks.answers.readings import UnsteeredReading, read_rows
from vectors.checks.answers.text_effects import best_feature, replies_told_apart, text_effect
from vectors.checks.gradients.scored_rows import ScoredRow
from vectors.checks.propensity import sample_texts, sampled_scores

BAND = (0, 1, 2)


@pytest.fixture(scope="module")
def model() -> core.Model:
    return planted.speaking()[0]


@pytest.fixture(scope="module")
def profile(model: core.Model) -> PushProfile:
    return push_profile(planted.speaking()[1], model.residual_norms)


def prompts() -> list[list[int]]:
    """Of different lengths, with a common beginning."""
    return [[*planted.NEUTRAL[:9], *planted.NEUTRAL[20 : 20 + 2 * n], 150 + n] for n in range(4)]


def test_a_batch_says_what_single_answers_say(model: core.Model, profile: PushProfile) -> None:
    vector = planted.speaking()[1]
    mixer = core.Mixer([core.Channel(vector, scale=0.3, unit="relative", layers=BAND, split=True)])
    together = run_steps(
        sample_answers(model, prompts(), [None, profile.at(0.3, BAND)], max_new=8, temperature=0.0)
    )
    for push, mixers in ((0, core.Mixer()), (1, mixer)):
        for number, prompt in enumerate(prompts()):
            live = core.stream(model, prompt, mixer=mixers, max_new_tokens=8)
            said = [step.token_id for step in live]
            said = said[:-1] if live.stop_reason == "eos" else said
            assert list(together[push][number].tokens) == said, (push, number)
    assert together[0] != together[1]


def test_answers_to_one_prompt_share_their_random_numbers(model: core.Model, profile: PushProfile) -> None:
    still = profile.at(0.0, BAND)
    first, second, third = run_steps(
        sample_answers(model, prompts(), [None, still, profile.at(3.0, BAND)], max_new=6, temperature=0.7)
    )
    assert first == second
    assert first != third
    again = run_steps(sample_answers(model, prompts(), [None], max_new=6, temperature=0.7))
    assert again[0] == first
    other = run_steps(sample_answers(model, prompts(), [None], max_new=6, temperature=0.7, seed=1))
    assert other[0] != first


def test_samples_follow_the_models_probabilities(model: core.Model) -> None:
    """The first token of many answers: its mean log p is minus the entropy, within a few standard errors."""
    prompt = prompts()[0]
    with torch.no_grad():
        logs = torch.log_softmax(model.hf(torch.tensor([prompt])).logits[0, -1].double(), -1)
    said = run_steps(sample_answers(model, [prompt] * 400, max_new=1, temperature=1.0))[0]
    drawn = [float(logs[answer.tokens[0]]) for answer in said if answer.tokens]
    expected = float((logs.exp() * logs).sum())
    spread = math.sqrt(float((logs.exp() * (logs - expected) ** 2).sum()) / len(drawn))
    assert np.mean(drawn) == pytest.approx(expected, abs=4 * spread)


def test_a_push_that_leaves_no_finite_logits_is_said(model: core.Model, profile: PushProfile) -> None:
    broken = {0: torch.full((model.hidden_size,), float("nan"))}
    with pytest.raises(core.SteerError, match="not finite"):
        run_steps(sample_answers(model, prompts(), [broken], max_new=2, temperature=0.0))


def test_a_group_is_read_as_its_rows_alone(model: core.Model) -> None:
    context = tuple(prompts()[2])
    rows = [ScoredRow(context, (150 + n, *([160] * n))) for n in range(3)] + [ScoredRow(context, ())]
    group = run_steps(read_rows(model, [rows], [2]))[0]
    for row, found in zip(rows[:3], group, strict=False):
        alone = run_steps(read_rows(model, [[row]], [2]))[0][0]
        assert found.nll == pytest.approx(alone.nll, abs=1e-5)
        assert found.nll == pytest.approx(-likelihood.mean_logprob(model, row.ids, len(context)), abs=1e-4)
        np.testing.assert_allclose(found.states[2], alone.states[2], atol=1e-5)
    assert group[3].tokens == ()
    assert math.isnan(group[3].nll)


def test_the_tokens_of_the_first_answer_are_projected(model: core.Model) -> None:
    context, axis = tuple(prompts()[2]), torch.eye(model.hidden_size)[4]
    rows = [ScoredRow(context, (150, 160, 170)), ScoredRow(context, (151,))]
    first, second = run_steps(read_rows(model, [rows], [2], directions={1: axis, 2: axis}))[0]
    assert first.projections[2].shape == (3,)
    assert float(first.projections[2].mean()) == pytest.approx(float(first.states[2][4]), abs=1e-5)
    assert not np.allclose(first.projections[1], first.projections[2])
    assert second.projections == {}
    silent = [ScoredRow(context, ()), rows[1]]
    assert all(
        found.projections == {}
        for found in run_steps(read_rows(model, [silent], [2], directions={2: axis}))[0]
    )


@pytest.fixture(scope="module")
def kl_texts(model: core.Model) -> tuple[KlTexts, Any]:
    sampled = run_steps(sample_texts(model, prompts(), 0))
    return run_steps(plain_texts(model, sampled)), run_steps(sampled_scores(model, sampled))


def test_kl_is_that_of_the_two_models(model: core.Model, profile: PushProfile, kl_texts: Any) -> None:
    texts, _ = kl_texts
    vector = planted.speaking()[1]
    mixer = core.Mixer([core.Channel(vector, scale=0.2, unit="relative", layers=BAND, split=True)])
    rows = []
    for row in texts.rows:
        plain, pushed = (
            likelihood.token_distributions(model, row.ids, len(row.context), each)
            for each in (core.Mixer(), mixer)
        )
        rows.append(float((pushed.exp() * (pushed - plain)).sum(-1).mean()))
    weights = [len(row.reply) for row in texts.rows]
    assert texts.measure(model, profile.at(0.2, BAND)) == pytest.approx(
        np.average(rows, weights=weights), rel=1e-3
    )
    assert texts.measure(model, profile.at(0.0, BAND)) == pytest.approx(0.0, abs=1e-6)


def test_the_dose_has_its_kl_and_controls_have_the_vectors(
    model: core.Model, profile: PushProfile, kl_texts: Any
) -> None:
    texts, scores = kl_texts
    dose = run_steps(find_dose(model, texts, profile, BAND, scores.kappa(profile.rows, BAND)))
    if dose.trusted:
        assert TARGET * 0.7 < dose.kl < TARGET * 1.4
    blind = run_steps(find_dose(model, texts, profile, BAND, None))
    assert TARGET * 0.7 < blind.kl < TARGET * 1.4
    other = profile.like("random", {layer: np.eye(model.hidden_size, dtype=np.float32)[3] for layer in BAND})
    trusted = Dose(blind.scale, blind.kl, trusted=True)
    control = run_steps(find_equal_dose(model, texts, other, BAND, scores.kappa(other.rows, BAND), trusted))
    assert blind.kl / 3 < control.kl < blind.kl * 3
    # Where KL is a step, a control has the vector's length instead.
    step = Dose(blind.scale, blind.kl, trusted=False, quadratic=False)
    equal = run_steps(find_equal_dose(model, texts, other, BAND, 1.0, step))
    assert equal.scale == blind.scale
    assert np.linalg.norm(other.rows[1]) == pytest.approx(np.linalg.norm(profile.rows[1]), rel=1e-5)


@dataclass(frozen=True)
class PowerLaw:
    """Texts on which KL is a power of the scale."""

    power: float
    factor: float = 1.0

    def measure(self, model: Any, push: Any) -> float:
        scale = float(push[BAND[0]].norm()) * len(BAND)
        return self.factor * scale**self.power


@pytest.mark.parametrize(
    ("power", "kappa", "target", "trusted", "quadratic"),
    [
        (2.0, 1.0, TARGET, True, True),
        # κ̂ is four times too low, but KL is quadratic: the dose is the usual one.
        (2.0, 0.25, TARGET, False, True),
        # KL is a step: the dose is small, and controls get the vector's length.
        (6.0, 0.1, NEAR_TARGET, False, False),
    ],
)
def test_a_wrong_estimate_is_told_from_a_step(
    power: float, kappa: float, target: float, trusted: bool, quadratic: bool
) -> None:
    unit = np.eye(4, dtype=np.float32)[0]
    profile = PushProfile("planted", "natural", dict.fromkeys(BAND, unit))
    dose = run_steps(find_dose(None, PowerLaw(power), profile, BAND, kappa))  # type: ignore[arg-type]
    assert target * 0.75 <= dose.kl <= target * 1.25
    assert (dose.trusted, dose.quadratic) == (trusted, quadratic)


def reading(nll: float, tokens: tuple[int, ...] = (1, 2, 3)) -> UnsteeredReading:
    return UnsteeredReading(tokens, nll, {})


def test_an_answer_breaks_by_surprise_by_loops_or_by_silence() -> None:
    base = reading(1.0)
    assert not reading(2.4).is_broken(base)
    assert reading(2.6).is_broken(base)
    assert reading(math.inf).is_broken(base)
    assert reading(math.nan).is_broken(base)
    looping = reading(0.1, (1, 2) * 20)
    assert looping.is_broken(base)
    assert not looping.is_broken(looping)
    assert reading(math.nan, ()).is_broken(base)
    assert not reading(math.nan, ()).is_broken(reading(math.nan, ()))


def test_distinct_pairs_are_all_of_a_varied_answer_and_few_of_a_loop() -> None:
    assert reading(1.0, (1, 2, 3, 4)).distinct_pairs == 1
    assert reading(1.0, (1, 2) * 10).distinct_pairs == pytest.approx(2 / 19)
    assert math.isnan(reading(1.0, (1,)).distinct_pairs)


def test_six_of_eight_confirm_unless_a_control_moves_twice_as_far() -> None:
    def effect(moved: int, control: float) -> bool:
        above = [2.0] * moved + [-1.0] * (8 - moved)
        return text_effect("p", ([0.0] * 8, above), [([0.0], [control])]).confirms

    assert effect(6, 1.0)
    assert not effect(5, 1.0)
    assert effect(8, 3.9)
    assert not effect(8, 4.1)
    assert not effect(8, -4.1)
    missing = text_effect("p", ([0.0] * 4, [1.0, math.nan, 1.0, 1.0]), [])
    assert (missing.moved, missing.of) == (3, 4)


def test_replies_are_told_apart_by_the_other_pairs() -> None:
    chance = np.random.default_rng(0)
    trait = chance.standard_normal(16).astype(np.float32)
    base = chance.standard_normal((10, 16)).astype(np.float32)
    assert replies_told_apart(base + trait, base - trait) > 0.95
    noise = [
        replies_told_apart(chance.standard_normal((10, 16)), chance.standard_normal((10, 16)))
        for _ in range(40)
    ]
    assert np.mean(noise) == pytest.approx(0.5, abs=0.12)


def test_a_feature_must_tell_the_replies_apart() -> None:
    asks, ends = ["So?", "And you?", "Why?"], ["So.", "And me.", "Well."]
    assert best_feature(asks, ends) == ("question marks", 1.0)
    assert best_feature(ends, asks) == ("question marks", -1.0)
    assert best_feature(["one two"], ["two one"]) is None


def test_wrong_endings_are_right_ones_of_another_question() -> None:
    choices = capability_choices()
    assert len(choices) == 85
    assert len({choice.stem for choice in choices}) == 85
    assert all(choice.right != choice.wrong for choice in choices)
    assert choices[0].stem + choices[0].right == "The capital of France is Paris"


def test_lost_and_won_are_counted_in_pairs() -> None:
    found = compare_choices([True, True, False, False], [True, False, True, False])
    assert (found["lost"], found["won"], found["of"], found["right"]) == (1, 1, 4, 2)
    assert sign_test(11, 1) == pytest.approx(0.0063, abs=1e-4)
    assert sign_test(5, 1) == pytest.approx(0.219, abs=1e-3)
    assert sign_test(0, 0) == 1.0


def test_coherence_sees_the_loops_that_the_lamp_sees() -> None:
    """The same texts, as likely as the undosed ones."""
    undosed = UnsteeredReading((1, 2, 3), 1.0, {})
    for row in (*ordinary_texts()[::6], *greedy_answers()):
        found = UnsteeredReading(tuple(row["tokens"]), 1.0, {})
        assert found.is_broken(undosed) == ("prompt" in row and row["id"] in REAL_LOOPS)
