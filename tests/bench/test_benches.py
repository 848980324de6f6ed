from importlib import import_module

import pytest
import torch

import core
from bench.__main__ import BENCHES
from bench.decode import _by_hand, _decoded, _steered
from bench.mixers import add_and_cap, adds, eight_mixed, turned
from core.mixer.mixer import Mixer
from tests.core import zoo


@pytest.fixture(scope="module")
def model():
    return core.adopt(zoo.build("llama"))


@pytest.mark.parametrize("name", BENCHES)
def test_every_bench_is_there(name):
    assert callable(import_module(f"bench.{name}").bench)


def test_the_check_of_steering_holds_for_ours_and_fails_without_it(model, monkeypatch):
    assert all(check.holds for check in _steered(model))
    assert not torch.allclose(_decoded(model, Mixer()), _by_hand(model, add_and_cap(model)))
    monkeypatch.setattr(core.steering.plan.LayerPlan, "steer", lambda plan, layer, hidden, readings: hidden)
    assert not any(check.holds for check in _steered(model))


def test_the_mixtures_are_what_their_names_say(model):
    folded = model.planner.plan([adds(model)]).phases["answer"]
    assert all(layer.push is not None and layer.rows is None for layer in folded)
    mixed = model.planner.plan([eight_mixed(model)]).phases["answer"]
    assert all(len(layer.rows) == 8 and len(layer.float_programs[0].capped_rows) == 4 for layer in mixed)
    assert len({turned(eight_mixed(model), change).summary for change in range(90)}) > 80
