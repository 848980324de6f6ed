"""More graphs than a quick run can afford: lanes, half precision, other architectures, lists in hooks."""

from __future__ import annotations

import time

import pytest
import torch

import core
from core.compiled.compiled_cache import CompiledTape
from core.compiled.size import GraphSize
from core.compiled.workshop import graph_builder
from core.mixer.mixer import Channel, Mixer
from core.model.cache import Tape
from core.model.model import Model
from tests.core import families, zoo
from tests.core.compiled import tiny
from tests.core.compiled.tiny import PROMPT, mixed

pytestmark = pytest.mark.slow


def test_two_lanes_in_bfloat16() -> None:
    model = tiny.model(dtype=torch.bfloat16)
    news = graph_builder(model).build_step(GraphSize(2, tiny.CONTEXT))
    assert "takes over" in news
    settings = {"mixer": mixed(), "shadow": "forced", "max_new_tokens": 12, "ignore_end": True}
    fast = core.stream(model, PROMPT, compile=True, **settings)
    steps = list(fast)
    assert getattr(fast.tape, "step", None) is not None
    assert len(steps) == 12
    assert all(step.forced[1].kl > 0.0 for step in steps)


def test_a_bank_that_had_to_grow() -> None:
    model = tiny.model()
    nine = mixed().add(tiny.channel(8, floor=-1.0))
    assert "takes over" in graph_builder(model).build_step(GraphSize(1, tiny.CONTEXT, 16, 5))
    answers = [
        core.stream(model, PROMPT, compile=fast, mixer=nine, max_new_tokens=16, ignore_end=True)
        for fast in (True, False)
    ]
    fast, eager = [[step.token_id for step in live] for live in answers]
    assert getattr(answers[0].tape, "step", None) is not None
    assert fast == eager


@pytest.mark.parametrize(
    "name", ["qwen2", "qwen3", "gemma2", "gemma3", "gpt2", "mistral", "gpt-neox", "phi3"]
)
def test_other_architectures(name: str) -> None:
    """Agreement with eager under steering is what `build` proves; here it must come out well."""
    model = core.adopt(zoo.build(name))
    assert "takes over" in graph_builder(model).build_step(GraphSize(1, 64))


HYBRIDS = ("qwen3_5", "lfm2", "deepseek_v32", "falcon_h1")
"""Convolution and delta rule, convolution alone, an indexer, a state beside columns of tokens in one layer."""


def steered(model: Model) -> Mixer:
    return Mixer(
        tuple(
            Channel(tiny.Arrow(seed, model.hidden_size, model.n_layers), unit="unit", layers=(1, 2), **how)
            for seed, how in enumerate(({"scale": 2.0}, {"gain": 0.0}, {"ceiling": -0.2}))
        )
    )


@pytest.mark.parametrize("name", HYBRIDS)
def test_a_cache_of_several_kinds_of_layers(name: str) -> None:
    """One graph, the tokens and log-probabilities of eager decoding, also behind inserted text."""
    model = core.adopt(families.build(name))
    assert "takes over" in graph_builder(model).build_step(GraphSize(1, 64))
    answers = []
    for fast in (True, False):
        live = core.stream(
            model, list(PROMPT), compile=fast, mixer=steered(model), max_new_tokens=24, ignore_end=True
        )
        for step in live:
            if step.index == 9:
                live.inject_ids([7, 8, 9], "user")
            if step.index == 14:
                live.set(live.mixer.scale(0, -2.0))
        answers.append(live)
    fast, eager = answers
    assert [step.compiled for step in fast.steps[2:10]] == [True] * 8
    assert fast.steps[-1].compiled
    assert fast.token_ids == eager.token_ids
    apart = max(abs(x.logprob - y.logprob) for x, y in zip(fast.steps, eager.steps, strict=True))
    assert apart < 1e-4


def cpu_ms(model: Model, tape: Tape, count: int = 150) -> float:
    plan = model.planner.plan([steered(model)])
    tape.feed([list(PROMPT)], ["prompt"] * len(PROMPT), plan)
    for _ in range(5):
        tape.feed([[5]], ["answer"], plan)
    began = time.process_time()
    for _ in range(count):
        tape.feed([[5]], ["answer"], plan)
    return 1000 * (time.process_time() - began) / count


@pytest.mark.parametrize("name", ["qwen3_5", "lfm2"])
def test_a_hybrid_steered_and_compiled_takes_half_of_its_eager_step(name: str) -> None:
    model = core.adopt(families.build(name))
    assert "takes over" in graph_builder(model).build_step(GraphSize(1, 256))
    compiled = CompiledTape(model)
    pairs = [(cpu_ms(model, Tape(model)), cpu_ms(model, CompiledTape(model))) for _ in range(3)]
    assert cpu_ms(model, compiled, 1) > 0
    assert compiled.used_graph
    eager, fast = (min(column) for column in zip(*pairs, strict=True))
    print(f"{name}: {eager:.2f} ms eager, {fast:.2f} ms compiled")
    assert fast <= eager / 2
