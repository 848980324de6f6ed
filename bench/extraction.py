"""Extraction: ours against one prompt at a time, against repeng's procedure written out, and against repeng itself.

Rates are tokens per second of the whole way from prompts to states; the arms "vectors" go on to the directions, as
repeng's package does. It runs in an environment of its own (`bench/repeng.py`), and is left out where none was made.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor

import core
import vectors
from bench import anonymous, repeng
from bench.arms import Arm, Check, Goal, Setting, judge, race
from bench.extraction_ways import one_by_one, prompts, ways
from bench.shapes import qwen
from core.activations.capture import capture

PAIRS = 20
LAYERS = 4
GOALS = (
    Goal("ours", "one by one", 1.5),
    Goal("ours", "fixed batches", 2.5),
    Goal("ours, two thirds of the depth", "one by one", 2.0),
)
BESIDE_REPENG = Goal("ours, vectors", repeng.NAME, 2.5)
MOST_GROWTH = 20e6
"""Bytes that ours may take more for four times the prompts, under one size of batches: it else depends on which was
measured to be the fastest."""


def bench(setting: Setting, dtype: torch.dtype = torch.bfloat16) -> dict[str, Any]:
    hf = qwen(LAYERS, dtype, setting.device)
    model, texts = core.adopt(hf, name="qwen shape"), prompts(PAIRS)
    arms = [Arm(name, counted(texts, run)) for name, run in ways(model, texts).items()]
    checks, goals = _checks(model, texts, 1e-5 if dtype == torch.float32 else 2e-2), list(GOALS)
    with ExitStack() as stack:
        if repeng.here() and setting.device == "cpu":
            other = stack.enter_context(repeng.Other(LAYERS, str(dtype).removeprefix("torch."), texts))
            arms += [Arm("ours, vectors", counted(texts, lambda: directions(model, texts))), other.arm]
            checks.append(_same(model, texts, other))
            goals.append(BESIDE_REPENG)
        laps = race(arms, setting)
    memory = {name: anonymous.taken(name) for name in ("one by one", "fixed batches", "ours")}
    for each in ("float32", "bfloat16"):
        more = float(anonymous.growth(each))
        checks.append(Check(f"bytes of ours for four times the prompts, {each}", more, MOST_GROWTH))
    return {
        "model": f"Qwen2 shape, {LAYERS} layers, {dtype}",
        "tokens": sum(map(len, texts)),
        "repeng": repeng.version(),
        "memory": memory,
        "rates": {name: [lap.rate(setting.clock) for lap in found] for name, found in laps.items()},
        "goals": [judge(laps, goal, setting.clock) for goal in goals],
        "checks": [check.to_json() for check in checks],
    }


def directions(model: core.Model, texts: list[list[int]], method: str = "pca-centered") -> dict[int, Tensor]:
    pairs = list(zip(texts[0::2], texts[1::2], strict=True))
    found = vectors.extract(model, pairs, method, holdout=0.0, suggest=False)
    return dict(found.vector.directions)


def _same(model: core.Model, texts: list[list[int]], other: repeng.Other) -> Check:
    """Away from the last layer, which it reads behind the final norm, its directions are ours."""
    ours, theirs = directions(model, texts), other.directions
    shared = sorted(set(ours) & set(theirs) - {model.n_layers - 1})
    cosines = [abs(float(ours[layer] @ torch.tensor(theirs[layer]))) for layer in shared]
    return Check("cosine of its directions with ours", min(cosines), 0.99, at_least=True)


def _checks(model: core.Model, texts: list[list[int]], limit: float) -> list[Check]:
    """Same rows below the last layer; the same behind the final norm at the last; and there not without it."""
    ours, theirs = capture(model, texts).rows, one_by_one(model.hf, texts)
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


def counted(texts: list[list[int]], run: Callable[[], Any]) -> Callable[[], int]:
    def counting() -> int:
        run()
        return sum(map(len, texts))

    return counting
