"""Steering of the real model against the plainest thing that could do it: forward hooks on transformers' own model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

import core
import vectors
from core.mixer.mixer import Channel, Mixer

DOG = "My dog died yesterday."
BAND = range(14, 20)


@pytest.fixture
def persona(persona_file: Path) -> vectors.SteeringVector:
    return vectors.read(persona_file)


def prompt_ids(model: core.Model, text: str = DOG) -> torch.Tensor:
    found: torch.Tensor = model.tokenizer.apply_chat_template(
        [{"role": "user", "content": text}], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )["input_ids"]
    return found


@contextmanager
def hooked(model: core.Model, rows: dict[int, torch.Tensor]) -> Iterator[None]:
    """Each row is added to the output of its block, at every token."""

    def add(row: torch.Tensor) -> object:
        return lambda _block, _args, out: (out[0] + row, *out[1:]) if isinstance(out, tuple) else out + row

    hooks = [model.layers[layer].register_forward_hook(add(row)) for layer, row in rows.items()]  # type: ignore[arg-type]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def rows_of(
    vector: vectors.SteeringVector, scale: float, per_layer: dict[int, float]
) -> dict[int, torch.Tensor]:
    return {L: scale * length * torch.as_tensor(vector.directions[L]) for L, length in per_layer.items()}


def answer(model: core.Model, mixer: Mixer, count: int = 16, **settings: object) -> list[int]:
    live = core.stream(model, DOG, mixer=mixer, max_new_tokens=count, ignore_end=True, **settings)
    return [step.token_id for step in live]


def states(model: core.Model, mixer: Mixer, layer: int) -> torch.Tensor:
    """Outputs of a block at every token of the prompt."""
    with torch.no_grad(), core.steered(model, mixer):
        found: torch.Tensor = model.hf(prompt_ids(model), output_hidden_states=True).hidden_states[layer + 1][
            0
        ]
    return found


def test_an_answer_is_that_of_plain_hooks_and_generate(
    smollm2_model: core.Model, persona: vectors.SteeringVector
) -> None:
    mixer = Mixer((Channel(persona, 12.0, "unit", layers=BAND),))
    ids = prompt_ids(smollm2_model)
    with hooked(smollm2_model, rows_of(persona, 12.0, dict.fromkeys(BAND, 1.0))):
        # Without the mask it would take the ends of messages, which pad here, for padding.
        out = smollm2_model.hf.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=16, min_new_tokens=16, do_sample=False
        )
    expected = out[0, ids.shape[1] :].tolist()
    assert answer(smollm2_model, mixer) == expected
    assert answer(smollm2_model, Mixer()) != expected


@pytest.mark.parametrize("unit", ["relative", "natural"])
def test_a_unit_is_the_length_that_its_name_says(
    smollm2_model: core.Model, persona: vectors.SteeringVector, unit: str
) -> None:
    lengths = smollm2_model.residual_norms if unit == "relative" else persona.norms
    mixer = Mixer((Channel(persona, 0.4, unit, layers=[12, 18]),))  # type: ignore[arg-type]
    ids = prompt_ids(smollm2_model)
    with torch.no_grad():
        with core.steered(smollm2_model, mixer):
            found = smollm2_model.hf(ids).logits
        with hooked(smollm2_model, rows_of(persona, 0.4, {L: float(lengths[L]) for L in (12, 18)})):
            expected = smollm2_model.hf(ids).logits
        plain = smollm2_model.hf(ids).logits
    # Behind the first token, which the first block makes a hundred times longer than the others.
    torch.testing.assert_close(found[0, 1:], expected[0, 1:], atol=2e-3, rtol=0)
    assert (found - plain)[0, 1:].abs().max() > 0.5


def test_two_channels_are_their_sum(smollm2_model: core.Model, persona: vectors.SteeringVector) -> None:
    other = vectors.SteeringVector({15: torch.randn(576, generator=torch.Generator().manual_seed(1))})
    both = Mixer((Channel(persona, 8.0, "unit", layers=[15]), Channel(other, -5.0, "unit", layers=[15])))
    one, two = torch.as_tensor(persona.directions[15]), torch.as_tensor(other.directions[15])
    moved = states(smollm2_model, both, 15) - states(smollm2_model, Mixer(), 15)
    torch.testing.assert_close(moved[1:], (8.0 * one - 5.0 * two).expand_as(moved[1:]), atol=2e-3, rtol=0)


def test_a_gain_of_zero_leaves_nothing_along_the_direction(
    smollm2_model: core.Model, persona: vectors.SteeringVector
) -> None:
    direction = torch.as_tensor(persona.directions[16])
    plain = states(smollm2_model, Mixer(), 16)
    ablated = states(smollm2_model, Mixer((Channel(persona, 0.0, layers=[16], gain=0.0),)), 16)
    assert (plain[1:] @ direction).abs().mean() > 1
    assert (ablated[1:] @ direction).abs().max() < 0.01
    torch.testing.assert_close(
        ablated[1:], (plain - (plain @ direction)[:, None] * direction)[1:], atol=2e-3, rtol=0
    )


def test_a_ceiling_holds_and_corrects_no_further(
    smollm2_model: core.Model, persona: vectors.SteeringVector
) -> None:
    direction = torch.as_tensor(persona.directions[16])
    plain = states(smollm2_model, Mixer(), 16)[1:] @ direction
    limit = plain.median().item()
    capped = (
        states(smollm2_model, Mixer((Channel(persona, 0.0, layers=[16], ceiling=limit),)), 16)[1:] @ direction
    )
    assert (plain > limit + 0.1).any()
    torch.testing.assert_close(capped, plain.clamp(max=limit), atol=0.01, rtol=0)


def test_the_scope_says_which_tokens_are_pushed(
    smollm2_model: core.Model, persona: vectors.SteeringVector
) -> None:
    def keys_behind(scope: str | None) -> torch.Tensor:
        """What the block behind the push has kept of the prompt."""
        push = Channel(persona, 2.0, "natural", layers=[14], scope=scope or "all")  # type: ignore[arg-type]
        mixer = Mixer((push,)) if scope else Mixer()
        live = core.stream(smollm2_model, DOG, mixer=mixer, max_new_tokens=4, ignore_end=True)
        list(live)
        found: torch.Tensor = live.tape.cache.layers[15].keys[0]
        return found

    last = prompt_ids(smollm2_model).shape[1] - 1
    plain, prompt, response, both = (keys_behind(scope) for scope in (None, "prompt", "response", "all"))
    # The prompt's last token speaks the answer's first, so it belongs to the answer.
    assert torch.equal(response[:, :last], plain[:, :last])
    assert torch.equal(prompt[:, :last], both[:, :last])
    assert not torch.allclose(prompt[:, :last], plain[:, :last], atol=0.1)
    assert not torch.allclose(response[:, last], plain[:, last], atol=0.1)
    torch.testing.assert_close(response[:, last], both[:, last], atol=0.5, rtol=0)


def test_changes_in_an_answer_are_those_of_a_fresh_one(
    smollm2_model: core.Model, persona: vectors.SteeringVector
) -> None:
    mixer = Mixer((Channel(persona, 1.2, "natural", layers=BAND, split=True),))
    live = core.stream(smollm2_model, DOG, mixer=mixer, max_new_tokens=14, ignore_end=True)
    for step in live:
        if step.index == 9 and not live.inserts:
            live.rewind(4)
            live.inject(" The weather")
    kept, rest = live.token_ids[:6], live.token_ids[6:]
    assert kept == answer(smollm2_model, mixer, 6)
    inserted = smollm2_model.tokenizer(" The weather", add_special_tokens=False)["input_ids"]
    ids = [*prompt_ids(smollm2_model)[0].tolist(), *kept, *inserted]
    fresh = core.stream(smollm2_model, ids, mixer=mixer, max_new_tokens=len(rest), ignore_end=True)
    assert [step.token_id for step in fresh] == rest
    assert len(rest) == 8


def test_sampling_repeats_by_its_seed(smollm2_model: core.Model, persona: vectors.SteeringVector) -> None:
    mixer = Mixer((Channel(persona, 1.0, "natural", layers=BAND, split=True),))
    first, again, other = (answer(smollm2_model, mixer, 12, temperature=1.0, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_mean_vector_is_the_difference_of_the_means(smollm2_model: core.Model) -> None:
    words = ("train", "bread", "winter", "garden", "music", "river")
    pairs = [(f"I am so happy about the {each}.", f"I am so sad about the {each}.") for each in words]
    found = vectors.extract(smollm2_model, pairs, "mean", "last", 0.0, suggest=False).vector
    ends: list[list[torch.Tensor]] = [[], []]
    with torch.no_grad():
        for pair in pairs:
            for side, text in zip(ends, pair, strict=True):
                ids = torch.tensor([smollm2_model.tokenizer(text)["input_ids"]])
                hidden = smollm2_model.hf(ids, output_hidden_states=True).hidden_states
                side.append(torch.stack([hidden[layer + 1][0, -1] for layer in (5, 14, 22)]))
    difference = torch.stack(ends[0]).mean(0) - torch.stack(ends[1]).mean(0)
    for row, layer in zip(difference, (5, 14, 22), strict=True):
        cosine = torch.cosine_similarity(row, torch.as_tensor(found.directions[layer]), dim=0)
        assert cosine > 0.9999
        assert found.norms[layer] == pytest.approx(row.norm().item(), rel=1e-3)
