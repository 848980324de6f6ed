"""A cache at fixed addresses continues what an eager one has read, and gives it back, whatever its layers hold."""

import pytest
import torch
from transformers.cache_utils import Cache, DynamicSlidingWindowLayer

import core
from core.compiled.static_layers import (
    copy_from_eager,
    copy_to_eager,
    foreign_layer,
    has_states,
    static_cache,
)
from core.compiled.workshop import refusal_reason
from core.mixer.mixer import Mixer
from core.model.cache import Tape
from tests.core import families, zoo

CAPACITY = 40
STATELESS = {"deepseek_v32"}
NAMES = (
    "qwen3_5",
    "lfm2",
    "falcon_h1",
    "deepseek_v32",
    "granitemoehybrid",
    "bamba",
    "kimi_linear",
    "nemotron_h",
)


def fed(model, ids, tape=None):
    """The tape after `ids`, and the last logits."""
    tape = tape or Tape(model, len(ids))
    plan = model.planner.plan([Mixer()])
    return tape, tape.feed(ids, ["prompt"] * len(ids[0]), plan)


def told(hf, cache, tokens, position):
    """Logits of one more token per row on a static cache, without a graph."""
    places = torch.full((len(tokens), 1), position)
    ids = torch.tensor(tokens)[:, None]
    with torch.no_grad():
        return (
            hf(input_ids=ids, past_key_values=cache, position_ids=places, use_cache=True)
            .logits[:, -1]
            .float()
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_past_is_taken_continued_and_given_back(name):
    model = core.adopt(families.build(name), zoo.tokenizer())
    texts = zoo.ids(2, 13, seed=3).tolist()
    start, _ = fed(model, [row[:9] for row in texts])
    whole, _ = fed(model, [row[:9] for row in texts])
    assert refusal_reason(model) is None
    fixed = static_cache(fed(model, [row[:1] for row in texts])[0].cache, CAPACITY)
    assert has_states(fixed) == (name not in STATELESS)
    with torch.no_grad():
        copy_from_eager(fixed, start.cache, 9)
    addresses = addresses_of(fixed)
    for at in (9, 10):
        _, wanted = fed(model, [row[at : at + 1] for row in texts], whole)
        found = told(model.hf, fixed, [row[at] for row in texts], at)
        assert float((found - wanted).abs().max()) < 1e-4
    assert addresses_of(fixed) == addresses, "states and columns are written in place"
    again = Tape(model, 2)
    with torch.no_grad():
        copy_to_eager(fixed, again.cache, 11)
    again.ids, again.phases = [list(row[:11]) for row in texts], ["prompt"] * 11
    _, wanted = fed(model, [row[11:] for row in texts], whole)
    _, found = fed(model, [row[11:] for row in texts], again)
    assert float((found - wanted).abs().max()) < 1e-4
    assert addresses_of(fixed) == addresses
    assert not addresses & addresses_of(again.cache), "what was given back is a copy"


def addresses_of(cache):
    found = set()
    for layer in cache.layers:
        for value in vars(layer).values():
            for tensor in value.values() if isinstance(value, dict) else [value]:
                if isinstance(tensor, torch.Tensor) and tensor.dim():
                    found.add(tensor.data_ptr())
    return found


def test_a_layer_that_is_not_known_is_named():
    assert foreign_layer(Cache(layers=[DynamicSlidingWindowLayer(8)])) == "DynamicSlidingWindowLayer"
    assert foreign_layer(Cache(layers=[])) is None
