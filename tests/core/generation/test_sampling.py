"""From logits to a token: transformers' own arithmetic, noise from (seed, index) alone."""

import pytest
import torch
from transformers import GenerationConfig

import core
from core.errors import UsageError
from core.generation.sampling import TokenSampler
from tests.core import reference, zoo

LOGITS = torch.randn(300, generator=torch.Generator().manual_seed(0)) * 3


def draws(n=4000, history=(), **settings):
    sampling = TokenSampler(**settings)
    return torch.tensor([sampling.sample_token(LOGITS, list(history), i) for i in range(n)])


def test_zero_temperature_is_greedy():
    assert set(draws(20).tolist()) == {int(LOGITS.argmax())}
    assert TokenSampler(seed=9, top_p=0.5, top_k=3).sample_token(LOGITS, [], 0) == int(LOGITS.argmax())


@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.5])
def test_frequencies_follow_the_softmax(temperature):
    seen = torch.bincount(draws(temperature=temperature), minlength=300) / 4000
    wanted = (LOGITS / temperature).softmax(-1)
    assert (seen - wanted).abs().max() < 4 * (wanted.max() / 4000).sqrt()


def test_top_k_and_top_p_cut_the_tail():
    order = LOGITS.argsort(descending=True)
    assert set(draws(500, temperature=1.0, top_k=5).tolist()) == set(order[:5].tolist())
    mass = LOGITS.softmax(-1)[order].cumsum(-1)
    kept = order[: int((mass < 0.5).sum()) + 1]
    assert set(draws(2000, temperature=1.0, top_p=0.5).tolist()) == set(kept.tolist())


def test_a_repetition_penalty_acts_on_what_was_said():
    best, second = LOGITS.argsort(descending=True)[:2].tolist()
    assert TokenSampler(repetition_penalty=100.0).sample_token(LOGITS, [best], 0) == second
    assert TokenSampler(repetition_penalty=100.0).sample_token(LOGITS, [], 0) == best


def test_the_noise_of_a_token_depends_on_seed_and_index_alone():
    one, again = (TokenSampler(temperature=1.0, seed=7) for _ in range(2))
    forward = [one.sample_token(LOGITS, [], i) for i in range(20)]
    assert [again.sample_token(LOGITS, [1, 2], i) for i in reversed(range(20))] == forward[::-1]
    assert [TokenSampler(temperature=1.0, seed=8).sample_token(LOGITS, [], i) for i in range(20)] != forward
    assert len(set(forward)) > 3
    for seed in (-1, 2**70):
        assert 0 <= TokenSampler(temperature=1.0, seed=seed).sample_token(LOGITS, [], 0) < 300


def test_a_rewind_draws_the_same_noise_again():
    live = core.stream(
        reference.model(),
        zoo.ids(1, 5)[0].tolist(),
        max_new_tokens=8,
        temperature=1.0,
        seed=3,
        ignore_end=True,
    )
    first = [next(live).token_id for _ in range(6)]
    live.rewind(4)
    assert [next(live).token_id for _ in range(4)] == first[2:]


@pytest.mark.parametrize(
    "settings", [{}, {"repetition_penalty": 1.3}, {"repetition_penalty": 1.1, "max_new_tokens": 30}]
)
def test_greedy_answers_are_those_of_generate(settings):
    ids = zoo.ids(1, 9)
    how = {"max_new_tokens": 12, **settings}
    wanted = reference.copy().generate(
        ids, generation_config=GenerationConfig(do_sample=False, eos_token_id=None, pad_token_id=0, **how)
    )
    live = core.stream(reference.model(), ids[0].tolist(), ignore_end=True, **how)
    assert [step.token_id for step in live] == wanted[0, 9:].tolist()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"temperature": -1}, "temperature must not be negative"),
        ({"temperature": "nan"}, "temperature must be a finite number"),
        ({"top_p": 0}, r"top-p must lie in \(0, 1\]"),
        ({"top_p": 1.5}, r"top-p must lie in \(0, 1\]"),
        ({"top_k": -1}, "top-k must not be negative"),
        ({"repetition_penalty": 0}, "repetition penalty must be positive"),
    ],
)
def test_settings_that_cannot_be_meant(settings, words):
    with pytest.raises(UsageError, match=words):
        TokenSampler(**settings)


def test_a_tiny_temperature_is_as_good_as_greedy():
    assert TokenSampler(temperature=1e-40).sample_token(LOGITS, [], 0) == int(LOGITS.argmax())
