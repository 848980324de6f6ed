"""Extraction: ours against one prompt at a time, and against fixed batches of 32 as repeng runs them."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import core
from bench.arms import Arm, Check, Goal, Setting, judge, race
from bench.shapes import qwen
from core.capture import capture

PROMPTS = 40
SHORTEST, LONGEST = 20, 200
LAYERS = 4
FIXED_BATCH = 32
GOALS = (
    Goal("ours", "one by one", 1.5),
    Goal("ours", "fixed batches", 2.5),
    Goal("ours, two thirds of the depth", "one by one", 2.0),
)


def bench(setting: Setting, dtype: torch.dtype = torch.bfloat16) -> dict[str, Any]:
    hf = qwen(LAYERS, dtype, setting.device)
    model = core.adopt(hf, name="qwen shape")
    prompts = _prompts()
    shallow = range(2 * LAYERS // 3 + 1)
    arms = [
        Arm("one by one", _counted(prompts, lambda: one_by_one(hf, prompts))),
        Arm("fixed batches", _counted(prompts, lambda: fixed_batches(hf, prompts))),
        Arm("ours", _counted(prompts, lambda: capture(model, prompts).rows)),
        Arm(
            "ours, two thirds of the depth",
            _counted(prompts, lambda: capture(model, prompts, layers=shallow).rows),
        ),
    ]
    checks = _checks(model, prompts, 1e-5 if dtype == torch.float32 else 2e-2)
    laps = race(arms, setting)
    return {
        "model": f"Qwen2 shape, {LAYERS} layers, {dtype}",
        "tokens": sum(map(len, prompts)),
        "rates": {name: [lap.rate(setting.clock) for lap in found] for name, found in laps.items()},
        "goals": [judge(laps, goal, setting.clock) for goal in GOALS],
        "checks": [check.to_json() for check in checks],
    }


def one_by_one(hf: Any, prompts: list[list[int]]) -> dict[int, Tensor]:
    """The usual loop: the whole model, all hidden states, the last position kept."""
    rows = []
    with torch.no_grad():
        for prompt in prompts:
            states = hf(
                torch.tensor([prompt], device=hf.device), output_hidden_states=True, use_cache=False
            ).hidden_states
            rows.append(torch.stack([state[0, -1].float().cpu() for state in states[1:]]))
    return dict(enumerate(torch.stack(rows, dim=1)))


def fixed_batches(hf: Any, prompts: list[list[int]]) -> dict[int, Tensor]:
    """Batches of 32 in the order given, padded on the left, cache and unembedding left on."""
    rows = []
    with torch.no_grad():
        for start in range(0, len(prompts), FIXED_BATCH):
            part = prompts[start : start + FIXED_BATCH]
            width = max(map(len, part))
            ids = torch.tensor([[0] * (width - len(row)) + row for row in part], device=hf.device)
            mask = (
                (torch.arange(width) >= torch.tensor([[width - len(row)] for row in part]))
                .to(hf.device)
                .long()
            )
            states = hf(ids, attention_mask=mask, output_hidden_states=True).hidden_states
            rows.append(torch.stack([state[:, -1].float().cpu() for state in states[1:]]))
    return dict(enumerate(torch.cat(rows, dim=1)))


def _checks(model: core.Model, prompts: list[list[int]], limit: float) -> list[Check]:
    """Same rows below the last layer; the same behind the final norm at the last; and there not without
    it.
    """
    ours, theirs = capture(model, prompts).rows, one_by_one(model.hf, prompts)
    last = model.n_layers - 1
    assert model.anatomy.final_norm is not None
    with torch.no_grad():
        normed = model.anatomy.final_norm(ours[last].to(model.device, model.dtype)).float().cpu()
    inner = max(_apart(ours[layer], theirs[layer]) for layer in range(last))
    return [
        Check("rows equal hidden_states below the last layer", inner, limit),
        Check("the last layer's rows equal them behind the final norm", _apart(normed, theirs[last]), limit),
        Check("and differ from them before it", _apart(ours[last], theirs[last]), 0.05, at_least=True),
    ]


def _apart(ours: Tensor, theirs: Tensor) -> float:
    return float((ours - theirs).norm() / theirs.norm())


def _prompts() -> list[list[int]]:
    rng = random.Random(0)
    return [[rng.randrange(32_000) for _ in range(rng.randint(SHORTEST, LONGEST))] for _ in range(PROMPTS)]


def _counted(prompts: list[list[int]], run: Callable[[], Any]) -> Callable[[], int]:
    def counted() -> int:
        run()
        return sum(map(len, prompts))

    return counted
