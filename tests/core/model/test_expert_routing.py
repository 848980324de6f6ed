"""Which experts a lane chose, against its unsteered lane: planted routers, a count by hand, what it leaves alone."""

import pytest
import torch

import core
from core.mixer.lanes import mixer_lanes
from core.mixer.mixer import Channel, Mixer
from core.model.expert_routing import ExpertRouting, expert_modules
from tests.core import families, zoo
from tests.core.reference import Vector

PAIR, LAYER, TOKENS, K = (3, 5), 2, 14, 2
PROMPT = [5, 6, 7, 8, 9, 10, 11, 12]


def direction(width=64):
    signs = torch.tensor([1.0 if i * i % 7 < 3 else -1.0 for i in range(width)])
    return signs / width**0.5


def planted_hf():
    """One router's rows point along the direction for two experts, and against it for the others."""
    hf = families.build("gpt_oss")
    router = hf.model.layers[LAYER].mlp.router
    with torch.no_grad():
        hf.model.layers[LAYER].post_attention_layernorm.weight.fill_(1.0)
        router.weight -= 20 * direction()
        router.weight[list(PAIR)] += 40 * direction()
    return hf


@pytest.fixture(scope="module")
def model():
    return core.adopt(planted_hf(), zoo.tokenizer(), "planted")


def push(scale):
    return Mixer((Channel(Vector({LAYER - 1: direction()}), scale, "unit", layers=[LAYER - 1]),))


def answered(model, mixer, **settings):
    how = {"shadow": "forced", "max_new_tokens": TOKENS, "ignore_end": True} | settings
    live = core.stream(model, PROMPT, mixer=mixer, **how)
    choices = []
    for _ in live:
        choices.append(live.tape.routing)
    # A token is read by the pass behind the one that sampled it.
    return live, [*choices[1:], live.tape.routing]


def choices_by_hand(ids, scale):
    """Per position the experts of every layer, from the routers' weights in a second copy that is pushed by a hook."""
    hf, found = planted_hf(), []

    def look(router, args, _output):
        scores = torch.nn.functional.linear(args[0].double(), router.weight.double(), router.bias.double())
        found.append([set(row) for row in scores.argsort(-1, descending=True)[:, :K].tolist()])

    for layer in hf.model.layers:
        layer.mlp.router.register_forward_hook(look)
    pushed = scale * direction()
    hf.model.layers[LAYER - 1].register_forward_hook(
        lambda _m, _a, out: (out[0] + pushed, *out[1:]) if isinstance(out, tuple) else out + pushed
    )
    with torch.no_grad():
        hf(input_ids=torch.tensor([ids]), use_cache=False)
    return list(zip(*found, strict=True))


@pytest.mark.parametrize("scale", [40.0, -40.0])
def test_a_planted_router_sends_the_steered_lane_to_the_pair_on_every_token(model, scale):
    live, read = answered(model, push(scale))
    chosen = [set(PAIR) == each.choices(1, 0)[LAYER] for each in read]
    assert len(chosen) == TOKENS
    assert set(chosen) == {scale > 0}
    ids = PROMPT + live.token_ids
    steered, plain = choices_by_hand(ids, scale), choices_by_hand(ids, 0.0)
    for step in live.steps:
        pairs = list(zip(steered[step.position], plain[step.position], strict=True))
        assert step.experts == sum(len(mine - theirs) for mine, theirs in pairs) / (K * len(pairs))
        assert all(mine == theirs for mine, theirs in pairs[:LAYER]), "nothing changes before the push"
    assert max(step.experts for step in live.steps) > 0.1


def test_with_the_dial_at_zero_no_expert_changes(model):
    live, read = answered(model, push(0.0))
    assert [step.experts for step in live.steps] == [0.0] * TOKENS
    assert [len(each.choices(1, 1)) for each in read] == [model.n_layers] * TOKENS


def test_inserted_text_and_an_encoding_from_the_start_do_not_shift_the_position(model):
    plain, _ = answered(model, push(40.0), max_new_tokens=4)
    live = core.stream(
        model,
        PROMPT,
        mixer=push(40.0),
        shadow="forced",
        max_new_tokens=6,
        ignore_end=True,
        cache="rebuild",
    )
    for step in live:
        if step.index == 2:
            live.inject_ids([20, 21, 22], "user")
        if step.index == 3:
            live.set(push(39.0))
    assert [step.experts for step in live.steps[:3]] == [step.experts for step in plain.steps[:3]]
    ids = live.tape.ids[0]
    # The fourth token was read together with everything before it, under the second push.
    for index, scale in ((2, 40.0), (3, 39.0)):
        at = live.steps[index].position
        steered, plain_choice = choices_by_hand(ids, scale)[at], choices_by_hand(ids, 0.0)[at]
        lost = sum(len(mine - theirs) for mine, theirs in zip(steered, plain_choice, strict=True))
        assert live.steps[index].experts == lost / (K * model.n_layers)


def test_only_a_lane_that_reads_the_same_tokens_is_compared(model):
    for settings in (
        {"shadow": None},
        {"shadow": "free"},
        {"shadow": None, "lanes": mixer_lanes([push(1.0)] * 2)},
    ):
        live, read = answered(model, push(40.0), max_new_tokens=3, **settings)
        assert {step.experts for step in live.steps} == {None}
        assert set(read) == {None}


def test_no_hook_stays_and_a_dense_model_gets_none(model):
    answered(model, push(40.0), max_new_tokens=2)
    assert len(expert_modules(model)) == model.n_layers
    assert not any(part._forward_pre_hooks for part in expert_modules(model))
    dense = core.adopt(zoo.build("llama"), zoo.tokenizer())
    live, read = answered(dense, Mixer(), max_new_tokens=3)
    assert expert_modules(dense) == ()
    assert set(read) == {None}
    assert {step.experts for step in live.steps} == {None}


def test_llama_4_hands_its_experts_no_choice():
    model = core.adopt(families.build("llama4"))
    live, read = answered(model, Mixer(), max_new_tokens=2)
    assert len(expert_modules(model)) > 0
    assert read[-1].layers == ()
    assert {step.experts for step in live.steps} == {None}


def test_the_share_is_counted_over_all_layers_and_lanes():
    """Two passes of two positions and one, two layers, three lanes; k of 2 and of 1."""
    routing = ExpertRouting(3)
    first = torch.tensor([[0, 1], [2, 3], [0, 2], [2, 3], [1, 0], [3, 2]])
    routing.read(0, None, (torch.zeros(6, 4), first), {})
    routing.read(1, None, (torch.zeros(6, 4),), {"chosen": torch.tensor([[4], [5], [4], [6], [4], [5]])})
    for layer, rows in ((0, [[0, 1], [2, 3], [1, 2]]), (1, [[1], [1], [2]])):
        routing.read(layer, None, (torch.zeros(3, 4), torch.tensor(rows)), {})
    assert routing.choices(3, 0) == [{0, 1}, {4}]
    assert [routing.changed_share(back, 1) for back in (1, 2, 3)] == [2 / 3, 1 / 3, 1 / 3]
    assert [routing.changed_share(back, 2) for back in (1, 2, 3)] == [2 / 3, 0.0, 0.0]
    with pytest.raises(IndexError, match="reaches"):
        routing.choices(4, 0)
    assert ExpertRouting(2).changed_share(1, 1) is None
