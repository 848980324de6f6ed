"""Answers of the real model: its own, steered, turned in the middle, recorded and replayed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import core
import steertui
import vectors
from steertui.cli import main

CAPITAL = "What is the capital of France?"
DOG = "My dog died yesterday."


def greedy(model: core.Model, prompt: str, count: int) -> list[int]:
    """The ids that transformers generates."""
    text = [{"role": "user", "content": prompt}]
    ids = model.tokenizer.apply_chat_template(
        text, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    out = model.hf.generate(**ids, max_new_tokens=count, do_sample=False)
    found: list[int] = out[0, ids["input_ids"].shape[1] :].tolist()
    return found


def mixer_of(file: Path, scale: float) -> core.Mixer:
    """The vector on layers 14–19, in class gaps shared over the band."""
    return core.Mixer(
        (core.Channel(vectors.read(file), scale=scale, unit="natural", layers=range(14, 20), split=True),)
    )


def said(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert main.main([*words, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_it_answers_in_english(smollm2_model: core.Model) -> None:
    assert "".join(step.text for step in core.stream(smollm2_model, CAPITAL, max_new_tokens=16)) == (
        "The capital of France is Paris."
    )


def test_an_unsteered_answer_is_the_one_that_transformers_generates(smollm2_model: core.Model) -> None:
    live = core.stream(smollm2_model, "Name three colours.", max_new_tokens=24, ignore_end=True)
    assert [step.token_id for step in live] == greedy(smollm2_model, "Name three colours.", 24)[:24]


def test_a_bypassed_mixer_is_the_plain_model_bit_for_bit(
    smollm2_model: core.Model, persona_file: Path
) -> None:
    ids = torch.tensor([smollm2_model.tokenizer(CAPITAL)["input_ids"]])
    mixer = mixer_of(persona_file, 3.0)
    with torch.no_grad():
        plain = smollm2_model.hf(ids).logits
        with core.steered(smollm2_model, mixer.bypass()):
            assert torch.equal(smollm2_model.hf(ids).logits, plain)
        with core.steered(smollm2_model, mixer):
            assert not torch.allclose(smollm2_model.hf(ids).logits, plain, atol=0.1)


def test_what_is_added_is_the_vector_and_nothing_else(smollm2_model: core.Model, persona_file: Path) -> None:
    vector = vectors.read(persona_file)
    mixer = core.Mixer((core.Channel(vector, scale=5.0, unit="unit", layers=[14]),))
    ids = torch.tensor([smollm2_model.tokenizer(CAPITAL)["input_ids"]])
    states = []
    for each in (core.Mixer(()), mixer):
        with torch.no_grad(), core.steered(smollm2_model, each):
            states.append(smollm2_model.hf(ids, output_hidden_states=True).hidden_states)
    before, after = states
    assert torch.equal(before[14], after[14])
    direction = torch.as_tensor(vector.directions[14])
    difference = (after[15] - before[15])[0, 1:]
    torch.testing.assert_close(difference, (5.0 * direction).expand_as(difference), atol=2e-3, rtol=0)


def test_both_signs_of_a_vector_change_the_answer_and_zero_does_not(
    smollm2_model: core.Model, persona_file: Path
) -> None:
    texts = {}
    for scale in (-2.0, 0.0, 2.0):
        live = core.stream(smollm2_model, DOG, mixer=mixer_of(persona_file, scale), max_new_tokens=24)
        texts[scale] = "".join(step.text for step in live)
    plain = "".join(step.text for step in core.stream(smollm2_model, DOG, max_new_tokens=24))
    assert texts[0.0] == plain
    assert len({texts[-2.0], plain, texts[2.0]}) == 3


def test_a_flip_acts_from_its_token_on(smollm2_model: core.Model, persona_file: Path) -> None:
    mixer = mixer_of(persona_file, 2.0)
    whole = [step.token_id for step in core.stream(smollm2_model, DOG, mixer=mixer, max_new_tokens=20)]
    live = core.stream(smollm2_model, DOG, mixer=mixer, max_new_tokens=20)
    for step in live:
        if step.index == 7:
            live.mixer = live.mixer.flip(0)
    turned = [step.token_id for step in live.steps]
    assert turned[:8] == whole[:8]
    assert turned[8:] != whole[8:]


def test_a_floor_holds_at_every_token(smollm2_model: core.Model, persona_file: Path) -> None:
    vector = vectors.read(persona_file)
    lowest = {}
    for floor in (None, 30.0):
        mixer = core.Mixer((core.Channel(vector, scale=0.0, layers=[16], floor=floor),))
        ids = torch.tensor([smollm2_model.tokenizer(DOG)["input_ids"]])
        with torch.no_grad(), core.steered(smollm2_model, mixer):
            state = smollm2_model.hf(ids, output_hidden_states=True).hidden_states[17][0]
        lowest[floor] = (state @ torch.as_tensor(vector.directions[16])).min().item()
    assert lowest[None] < 20
    assert lowest[30.0] == pytest.approx(30.0, abs=0.01)


def test_the_shadow_differs_where_the_model_is_steered(smollm2_model: core.Model, persona_file: Path) -> None:
    distances = []
    for scale in (0.0, 2.0):
        mixer = mixer_of(persona_file, scale)
        live = core.stream(smollm2_model, DOG, mixer=mixer, max_new_tokens=8, shadow="forced")
        distances.append([step.forced[1].kl for step in live])
    assert max(distances[0]) < 1e-5
    assert max(distances[1]) > 0.1


def test_the_next_turn_goes_on_from_the_cache(smollm2_model: core.Model) -> None:
    from core.generation.conversation import Conversation

    talk = Conversation(smollm2_model)
    first = "".join(step.text for step in talk.say(CAPITAL, max_new_tokens=16))
    second = [step.token_id for step in talk.say("And of Italy?", max_new_tokens=12)]
    messages = [
        {"role": "user", "content": CAPITAL},
        {"role": "assistant", "content": first},
        {"role": "user", "content": "And of Italy?"},
    ]
    fresh = [step.token_id for step in core.stream(smollm2_model, messages, max_new_tokens=12)]
    assert second == fresh


def test_a_recorded_answer_is_verified_bit_for_bit(
    persona_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    steering = ("--vector", f"{persona_file}:2@14-19", "--unit", "natural", "--split", "--flip-at", "6")
    answer = said(capsys, "say", DOG, "--model", "smollm2", "--max-new", "12", *steering)
    assert [event["at"] for event in answer["events"]] == [6]
    assert answer["text"].strip()
    verdict = said(capsys, "sessions", "verify", "last")
    assert (verdict["grade"], verdict["first_divergence"]) == ("bit-exact", None)


def test_an_engine_opens_it_by_name_and_answers_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    with steertui.connect("smollm2", inline=True) as engine:
        engine.ready(120)
        assert engine.say(CAPITAL, max_new_tokens=16).text == "The capital of France is Paris."
        capsys.readouterr()
        answer = said(capsys, "say", CAPITAL, "--model", "smollm2", "--max-new", "16")
        assert answer["text"] == "The capital of France is Paris."
