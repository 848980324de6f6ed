"""Prompts of unequal length in one padded group: each answer equals the one generated alone."""

import pytest

import core
from core.generation.batch.answer_runner import AnswerRunner
from core.generation.batch.lane_answer import LaneRequest
from core.generation.batch.lane_support import why_alone, why_no_lane
from core.generation.batch.one_by_one import OneByOne
from core.generation.batch.padded_batch import PaddedBatch, PaddedCache
from core.generation.sampling import TokenSampler
from core.mixer.mixer import Channel, Mixer
from tests.core import families, zoo
from tests.core.generation.batch.test_lane_batch import MIXERS, PROMPTS, answers, greedy, same, tiny
from tests.core.reference import vector


@pytest.fixture(scope="module", params=["lfm2", "jamba"])
def hybrid(request):
    return core.adopt(families.build(request.param), zoo.tokenizer(), request.param)


def both(model, requests, lanes):
    asked = dict(enumerate(requests))
    return answers(PaddedBatch(model, asked, lanes)), answers(OneByOne(model, asked))


def test_seven_prompts_in_groups_of_three_with_mixers_of_their_own(hybrid):
    """Prompts of 1 to 120 tokens: one of a single token, and one longer than a chunk."""
    same(*both(hybrid, greedy(MIXERS, 4), 3))


def test_learned_positions_count_from_each_lane_s_own_first_token():
    """Where positions are rotations only their differences matter, so a shift of all would not show."""
    same(*both(tiny("gpt2"), greedy(MIXERS, 4), 3))


def test_scopes_and_half_lives_hold_in_a_group(hybrid):
    channels = (
        Channel(vector(0), 4.0, "unit", layers=[1, 2], scope="prompt"),
        Channel(vector(1), 4.0, "unit", layers=[1, 2], scope="response", half_life=2.0),
    )
    same(*both(hybrid, greedy((Mixer(channels[:1]), Mixer(channels[1:]), Mixer()), 4), 7))


def test_answers_that_end_early_are_dropped_and_change_nothing(hybrid, monkeypatch):
    kept = []
    keep_lanes = PaddedCache.keep_lanes

    def watched(cache, lanes):
        kept.append(len(lanes))
        keep_lanes(cache, lanes)

    monkeypatch.setattr(PaddedCache, "keep_lanes", watched)
    requests = [
        LaneRequest(
            ids,
            MIXERS[k % 5],
            TokenSampler(temperature=1.2, seed=k),
            max_new_tokens=2 + 2 * k,
            ignore_end=True,
        )
        for k, ids in enumerate(PROMPTS[1:5])
    ]
    together, single = both(hybrid, requests, 4)
    assert kept == [3, 2, 1]
    same(together, single)


def test_prompts_that_cannot_be_answered_do_not_stop_the_others(hybrid):
    requests = [LaneRequest(()), LaneRequest(PROMPTS[1], max_new_tokens=2, ignore_end=True)]
    together, single = both(hybrid, requests, 2)
    assert together[0].error == "the prompt is empty"
    same({1: together[1]}, {1: single[1]})


def test_the_program_takes_the_group_where_lanes_cannot(hybrid):
    asked = dict(enumerate(greedy(MIXERS, 2)))
    runner = AnswerRunner(hybrid, asked, 4)
    assert "more than a key and a value per token" in why_no_lane(hybrid, asked[0])
    assert (why_alone(hybrid, asked[0]), runner.alone, runner.lanes_of(0)) == ("", frozenset(), 4)
    same(answers(runner), answers(OneByOne(hybrid, asked)))


def test_answers_longer_than_a_window_go_into_a_group():
    """Mistral's layers see 32 tokens here; the other prompts go into lanes."""
    asked = dict(enumerate(greedy((Mixer(),), 3)))
    runner = AnswerRunner(tiny("mistral"), asked, 4)
    assert runner.alone == frozenset()
    same(answers(runner), answers(OneByOne(tiny("mistral"), asked)))


def test_without_the_mask_the_group_is_found_out(monkeypatch):
    """The null case: a state that has read the padding."""
    model = core.adopt(families.build("lfm2", seed=3), name="blind")
    monkeypatch.setattr(
        PaddedCache,
        "next_mask",
        lambda cache, more: cache.pads.new_ones(len(cache.pads), cache.columns + more),
    )
    assert "something else in lanes" in why_alone(model, LaneRequest(PROMPTS[1], max_new_tokens=2))
