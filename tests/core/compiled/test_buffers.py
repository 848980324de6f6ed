"""The bank plays what a plan plays, uncompiled: the same hidden states through both."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import pytest
import torch

from core.compiled.buffers import GraphBuffers
from core.compiled.layout import find_layout, slot_demand
from core.compiled.setting import TableBuilder
from core.compiled.size import GraphSize, size_for
from core.mixer.mixer import Mixer
from core.model.model import Model
from core.steering.meters import MeterReading
from core.steering.plan import Plan
from tests.core.compiled.tiny import CONTEXT, EVERYWHERE, HIDDEN, LAYERS, Arrow, channel, mixed, model

CPU = torch.device("cpu")
MIXERS = {
    "mixed": mixed(),
    "mixed, norm kept": mixed(keep_norm=True),
    "adds alone": Mixer((channel(0, scale=2.0), channel(1, scale=-1.0))),
    "one cap": Mixer((channel(0, floor=3.0),)),
    "gains": Mixer((channel(0, gain=-1.0), channel(1, gain=1.0))),
    "here an add, there a cap": Mixer(
        (channel(0, scale=1.0, layers=(0,)), channel(1, ceiling=-2.0, layers=(1,)))
    ),
    "one direction twice": Mixer((channel(0, floor=1.0), replace(channel(1), vector=Arrow(0), gain=0.5))),
    "nothing": Mixer(),
}


@pytest.fixture(scope="module")
def resident() -> Model:
    return model()


def tables(lanes: int, slots: int = 8, caps: int = 4) -> tuple[GraphBuffers, TableBuilder]:
    size = GraphSize(lanes, CONTEXT, slots, caps)
    return GraphBuffers(size, LAYERS, HIDDEN, CPU), TableBuilder(size, HIDDEN, CPU)


def compile_plan(resident: Model, *mixers: Mixer) -> Plan:
    every = {i: list(EVERYWHERE) for i in range(len(mixers[0].channels))}
    return resident.planner.plan(mixers, every)


def compare(resident: Model, mixers: list[Mixer], dtype: torch.dtype = torch.float32) -> float:
    """Plays two tokens through bank and plan; the largest difference of states and of projections."""
    bank, made = tables(len(mixers))
    plan = compile_plan(resident, *mixers)
    layers = plan.phases["answer"]
    bank.load(made.build_table(layers))
    worst = 0.0
    for seed in range(2):
        hidden = torch.randn(len(mixers), 1, HIDDEN, generator=torch.Generator().manual_seed(seed)).to(dtype)
        readings: list[MeterReading] = []
        wanted = [
            hidden if plan is None else plan.steer(layer, hidden, readings)
            for layer, plan in enumerate(layers)
        ]
        found = [bank.steer(layer, hidden) for layer in EVERYWHERE]
        pairs = list(zip(wanted, found, strict=True))
        for mine, theirs in zip(bank.meter_readings(layers), readings, strict=True):
            assert mine.layer == theirs.layer
            assert mine.channels == theirs.channels
            pairs += [(mine.before, theirs.before), (mine.after, theirs.after)]
        worst = max([worst, *(float((a.float() - b.float()).abs().max()) for a, b in pairs)])
    return worst


@pytest.mark.parametrize("name", MIXERS)
def test_it_plays_what_the_plan_plays(resident: Model, name: str) -> None:
    assert compare(resident, [MIXERS[name]]) < 2e-5


def test_lanes_have_coefficients_of_their_own(resident: Model) -> None:
    base = MIXERS["mixed"]
    lanes = [base, base.bypass(), base.scale(0, -3.0), replace(base, keep_norm=True)]
    assert compare(resident, lanes) < 2e-5


def test_a_neutral_bank_changes_no_bit() -> None:
    bank, made = tables(2)
    bank.load(made.build_table((None,) * LAYERS))
    for dtype in (torch.float32, torch.bfloat16):
        hidden = torch.randn(2, 1, HIDDEN).to(dtype)
        assert all(torch.equal(bank.steer(layer, hidden), hidden) for layer in EVERYWHERE)


def test_a_folded_push_is_added_as_eager_adds_it_in_bfloat16() -> None:
    resident = model(dtype=torch.bfloat16)
    assert compare(resident, [Mixer((channel(0, scale=2.0),))], torch.bfloat16) < 0.02
    plan = resident.planner.plan([Mixer((channel(0, scale=2.0),))])
    bank, made = tables(1)
    bank.load(made.build_table(plan.phases["answer"]))
    hidden = torch.randn(1, 1, HIDDEN).to(torch.bfloat16)
    steered = plan.phases["answer"][0]
    assert steered is not None
    assert torch.equal(bank.steer(0, hidden), steered.steer(0, hidden, None))


def test_a_dial_copies_numbers_and_leaves_the_rows(resident: Model) -> None:
    bank, made = tables(1)
    mixer = mixed()
    settings = compile_plan(resident, mixer), compile_plan(resident, mixer.scale(0, 2.0))
    first, second = (made.build_table(plan.phases["answer"]) for plan in settings)
    assert first.directions is second.directions
    bank.load(first)
    before = bank.coefficients.clone()
    addresses = [t.data_ptr() for t in (bank.rows, bank.coefficients, bank.push, bank.inverse)]
    bank.load(second)
    assert not torch.equal(before, bank.coefficients)
    assert addresses == [t.data_ptr() for t in (bank.rows, bank.coefficients, bank.push, bank.inverse)]


def test_a_ninth_channel_and_a_fifth_cap_need_more_room(resident: Model) -> None:
    eight = compile_plan(resident, mixed())
    assert slot_demand(eight) == (8, 4)
    nine = compile_plan(resident, mixed().add(channel(8, ceiling=1.0)))
    assert slot_demand(nine) == (9, 5)
    folded = resident.planner.plan([Mixer(tuple(channel(i, scale=1.0) for i in range(20)))])
    assert slot_demand(folded) == (0, 0)


def test_sizes_grow_by_doubling_and_stop_at_the_context() -> None:
    assert size_for(1, 10, 4096, 3, 0) == GraphSize(1, 512, 8, 4)
    assert size_for(1, 400, 4096, 9, 5) == GraphSize(1, 1024, 16, 5)
    assert size_for(2, 3900, 4096, 8, 4) == GraphSize(2, 4096, 8, 4)
    assert GraphSize(1, 512).covers(GraphSize(1, 40, 3, 1))
    assert not GraphSize(1, 512).covers(GraphSize(1, 513))
    assert not GraphSize(1, 512).covers(GraphSize(2, 40))
    assert not GraphSize(1, 512).covers(GraphSize(1, 40, 9))


def test_who_sits_where_is_known_as_long_as_the_model_is_and_no_longer() -> None:
    resident, mixer = model(), mixed()
    layer = compile_plan(resident, mixer).phases["answer"][0]
    seats = find_layout(layer)
    assert seats is not None
    turned = compile_plan(resident, mixer.scale(0, 0.5)).phases["answer"][0]
    assert find_layout(turned) is seats, "another dial of the same vectors"
    gone = weakref.ref(seats)
    del resident, layer, turned, seats
    gc.collect()
    assert gone() is None
