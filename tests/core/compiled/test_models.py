"""More graphs than a quick run can afford: lanes, half precision, other architectures, lists in hooks."""

from __future__ import annotations

import pytest
import torch

import core
from core.compiled.size import GraphSize
from core.compiled.workshop import graph_builder
from tests.core import zoo
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
