"""The real voice on the demo models: lanes say what single answers say, readings agree with what was sampled, and
weights are blended to the bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

import core
from core.errors import ModelError
from core.jobs.runner import run
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common.prompts import load_prompts
from sessions.experiments.common.sampler import GenerationSettings, LaneEdit, SamplePrompt
from sessions.experiments.scoring.model_sampler import TorchSampler

HOW = GenerationSettings(max_new_tokens=12, temperature=0.7, seed=3)


@pytest.fixture(scope="module")
def base() -> TorchSampler:
    return TorchSampler(core.load("demo-base"))


@pytest.fixture(scope="module")
def tuned() -> TorchSampler:
    return TorchSampler(core.load("demo-instruct"))


@pytest.fixture(scope="module")
def prompt() -> SamplePrompt:
    return load_prompts({"prompts": "demo", "n": 1, "seed": 4}, "demo-base")[0]


def done(work: Any) -> Any:
    """What a part of a job returns."""
    kept: list[Any] = []

    def job() -> Any:
        kept.append((yield from work))

    list(run(job()))
    return kept[0]


def drifting(voice: TorchSampler, scale: float = -0.35) -> Mixer:
    return Mixer((Channel.suggested(voice.vector("determined-drifting"), scale=scale),))


def test_lanes_say_what_single_answers_say(base: TorchSampler, prompt: SamplePrompt) -> None:
    both = done(base.generate(prompt, [Mixer(), drifting(base)], HOW))
    alone = [done(base.generate(prompt, [mixer], HOW))[0] for mixer in (Mixer(), drifting(base))]
    assert [said.ids for said in both] == [said.ids for said in alone]
    assert both[0].text != both[1].text


def test_a_reading_agrees_with_what_was_sampled(base: TorchSampler, prompt: SamplePrompt) -> None:
    said = done(base.generate(prompt, [Mixer()], HOW))[0]
    reading = done(base.read(prompt, said, Mixer(), base.vector("determined-drifting")))
    assert reading.nll == pytest.approx([-value for value in said.logprobs], abs=1e-3)
    assert set(reading.kl) == {0.0}
    assert {len(row) for row in reading.projections.values()} == {len(said.ids)}


def test_a_steered_answer_is_read_unsteered_and_held_against_it(
    base: TorchSampler, prompt: SamplePrompt
) -> None:
    mixer = drifting(base)
    said = done(base.generate(prompt, [mixer], HOW))[0]
    reading = done(base.read(prompt, said, mixer))
    logs = done(base.distributions(prompt, said))
    steered = done(base.distributions(prompt, said, mixer))
    assert reading.nll == pytest.approx([-logs[k, token] for k, token in enumerate(said.ids)], abs=1e-4)
    kl = (torch.tensor(steered).exp() * torch.tensor(steered - logs)).sum(-1)
    assert reading.kl == pytest.approx(kl.tolist(), abs=1e-4)
    assert sum(reading.kl) > 0.01
    entropy = -(torch.tensor(steered).exp() * torch.tensor(steered)).sum(-1)
    assert reading.entropy == pytest.approx(entropy.tolist(), abs=1e-4)
    plain = done(base.read(prompt, said)).entropy
    assert plain == pytest.approx(
        (-(torch.tensor(logs).exp() * torch.tensor(logs)).sum(-1)).tolist(), abs=1e-4
    )
    assert plain != pytest.approx(reading.entropy, abs=1e-3)


def test_a_repetition_penalty_is_heard_by_every_lane(base: TorchSampler, prompt: SamplePrompt) -> None:
    """Greedy, as the source has it: with the penalty nothing that was said is said again."""
    greedy = replace(HOW, temperature=0.0, max_new_tokens=24, ignore_end=True)
    mixers = [Mixer(), drifting(base)]
    plain, penalised = (
        done(base.generate(prompt, mixers, how)) for how in (greedy, replace(greedy, repetition_penalty=8.0))
    )
    for before, after in zip(plain, penalised, strict=True):
        assert len(set(after.ids)) > len(set(before.ids))
    assert done(base.generate(prompt, mixers, replace(greedy, repetition_penalty=1.0))) == plain


def test_words_put_in_are_heard_and_are_not_the_model_s_own(base: TorchSampler, prompt: SamplePrompt) -> None:
    cue = LaneEdit(4, " Look, there is the parade!")
    plain = done(base.generate(prompt, [Mixer()], replace(HOW, ignore_end=True)))[0]
    said = done(base.generate(prompt, [Mixer()], replace(HOW, ignore_end=True), [cue]))[0]
    assert said.ids[:4] == plain.ids[:4]
    ((at, put),) = said.inserted
    assert (at, base.model.tokenizer.decode(put).strip()) == (4, "Look, there is the parade!")
    woven, own = said.interleave()
    assert woven[4 : 4 + len(put)] == list(put)
    assert [woven[place] for place in own] == list(said.ids)
    reading = done(base.read(prompt, said))
    assert reading.nll == pytest.approx([-value for value in said.logprobs], abs=1e-3)


def test_a_change_of_mixers_begins_at_its_token(base: TorchSampler, prompt: SamplePrompt) -> None:
    mixer, other = drifting(base, 0.35), drifting(base, -0.35)
    how = replace(HOW, ignore_end=True)
    said = done(base.generate(prompt, [mixer, Mixer()], how, [LaneEdit(5, mixers=(other, Mixer()))]))
    whole = done(base.generate(prompt, [mixer, Mixer()], how))
    assert said[0].ids[:5] == whole[0].ids[:5]
    assert said[0].logprobs[5] != whole[0].logprobs[5]
    assert said[1].ids == whole[1].ids


def test_a_random_vector_has_the_norms_and_gaps_of_the_true_one(base: TorchSampler) -> None:
    vector = base.vector("determined-drifting")
    random = base.random(vector, 7)
    assert random.norms == vector.norms
    assert random.gaps == vector.gaps
    cosines = [float(random.directions[layer] @ vector.directions[layer]) for layer in vector.layers]
    assert max(map(abs, cosines)) < 0.6
    assert random == base.random(vector, 7)
    assert random != base.random(vector, 8)


def logits(voice: TorchSampler, prompt: SamplePrompt) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = voice.model.hf(input_ids=torch.tensor([voice.prompt_ids(prompt)])).logits
    return found


def test_nothing_taken_out_is_the_tuned_model_and_all_of_it_is_the_base(
    base: TorchSampler, tuned: TorchSampler, prompt: SamplePrompt
) -> None:
    untouched = done(tuned.blend(base, 0.0))
    back = done(tuned.blend(base, 1.0))
    assert torch.equal(logits(untouched, prompt), logits(tuned, prompt))
    assert torch.equal(logits(back, prompt), logits(base, prompt))
    shuffled = done(tuned.blend(base, 1.0, shuffled=True))
    assert not torch.equal(logits(shuffled, prompt), logits(base, prompt))


def test_shuffling_takes_as_much_out_of_every_matrix(base: TorchSampler, tuned: TorchSampler) -> None:
    shuffled = done(tuned.blend(base, 1.0, shuffled=True)).model.hf.state_dict()
    ours, theirs = tuned.model.hf.state_dict(), base.model.hf.state_dict()
    for name, weight in ours.items():
        taken, change = (weight - shuffled[name]).norm(), (weight - theirs[name]).norm()
        assert float(taken) == pytest.approx(float(change), rel=1e-3, abs=1e-5)


def test_what_is_no_base_is_refused(base: TorchSampler) -> None:
    from tests.core import zoo

    stranger = TorchSampler(core.adopt(zoo.build("llama"), zoo.tokenizer(), name="stranger"))
    with pytest.raises(ModelError, match="stranger is no base of this model"):
        done(base.blend(stranger, 0.5))


def test_states_are_read_where_the_answer_begins(base: TorchSampler) -> None:
    prompts = load_prompts({"prompts": "demo", "n": 10, "seed": 4}, "demo-base")
    states = done(base.states(prompts))
    assert {rows.shape for rows in states.values()} == {(10, base.model.hidden_size)}
    vector = base.vector("determined-drifting")
    heard = done(base.read_prompt(prompts[9], vector))
    layer = vector.layers[0]
    assert float(states[layer][9] @ vector.directions[layer].numpy()) == pytest.approx(
        heard.projections[layer][-1], abs=1e-2
    )
