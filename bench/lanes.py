"""Lanes: a sweep of eight doses in one batch against eight runs, and the price of the unsteered shadow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

import core
from bench.arms import Arm, Check, Goal, Setting, judge, race
from bench.mixers import add_and_cap, prompt
from bench.shapes import demo, qwen
from core.mixer.lanes import dose_lanes
from core.mixer.mixer import Mixer
from core.model.cache import Tape
from core.model.model import Model

SCALES = tuple(0.05 * i for i in range(8))
PROMPT, NEW, STEPS = 64, 16, 6
AT_LEAST = {  # steps, end to end, tokens with the shadow against without
    "bfloat16": (5.0, 4.0, 1 / 1.1),
    "demo": (5.0, 4.0, 1 / 1.1),
    "float32": (3.5, None, 1 / 1.8),
}


def bench(setting: Setting) -> dict[str, Any]:
    result: dict[str, Any] = {"rates": {}, "goals": [], "checks": []}
    names = []
    for name in AT_LEAST:
        model = _model(name, setting.device)
        names.append(f"{name}: {model.name}, {model.dtype}")
        laps = race(_arms(model, name), setting)
        result["rates"] |= {arm: [lap.rate(setting.clock) for lap in found] for arm, found in laps.items()}
        result["goals"] += [judge(laps, goal, setting.clock) for goal in _goals(name)]
        result["checks"].append(_check(model, name).to_json())
    return result | {"model": "; ".join(names)}


def _model(name: str, device: str) -> Model:
    if name == "demo":
        return demo(device)
    return core.adopt(qwen(dtype=getattr(torch, name), device=device), name="Qwen2 shape of 148M parameters")


def _goals(name: str) -> list[Goal]:
    steps, whole, shadow = AT_LEAST[name]
    found = [Goal(f"{name}: eight lanes, steps", f"{name}: eight runs, steps", steps)]
    if whole is not None:
        found.append(Goal(f"{name}: eight lanes, whole", f"{name}: eight runs, whole", whole))
    return [*found, Goal(f"{name}: with shadow", f"{name}: alone", shadow)]


def _arms(model: Model, name: str) -> list[Arm]:
    mixer = add_and_cap(model)
    new = NEW * (3 if name == "demo" else 1)
    return [
        Arm(f"{name}: eight lanes, steps", _steps(model, mixer, 8)),
        Arm(f"{name}: eight runs, steps", _steps(model, mixer, 1)),
        Arm(f"{name}: eight lanes, whole", lambda: sweep(model, mixer, new)),
        Arm(f"{name}: eight runs, whole", lambda: one_by_one(model, mixer, new)),
        Arm(f"{name}: alone", lambda: tokens(model, mixer, 2 * new)),
        Arm(f"{name}: with shadow", lambda: tokens(model, mixer, 2 * new, shadow="free")),
    ]


def _steps(model: Model, mixer: Mixer, lanes: int) -> Any:
    """Decode steps alone, on a prompt encoded beforehand; eight lanes at once or eight times one."""
    variants = [mixer.scale(0, scale) for scale in SCALES]
    groups = [variants] if lanes == 8 else [[variant] for variant in variants]
    plans = [model.planner.plan(group) for group in groups]
    tape = Tape(model)
    ids = prompt(model, PROMPT)
    tape.feed([ids], ["prompt"] * PROMPT, plans[0] if lanes == 1 else model.planner.plan([mixer]))
    tape.repeat_lane(lanes)

    def run() -> int:
        for plan in plans:
            for token in ids[:STEPS]:
                tape.feed([[token]] * lanes, ["answer"], plan)
            tape.crop(PROMPT)
        return 8 * STEPS

    return run


def sweep(model: Model, mixer: Mixer, new: int) -> int:
    return tokens(model, mixer, new, lanes=dose_lanes(0, SCALES)) * len(SCALES)


def one_by_one(model: Model, mixer: Mixer, new: int) -> int:
    return sum(tokens(model, mixer.scale(0, scale), new) for scale in SCALES)


def tokens(model: Model, mixer: Mixer, new: int, **settings: Any) -> int:
    return len(said(model, mixer, new, **settings))


def said(model: Model, mixer: Mixer, new: int, **settings: Any) -> Sequence[Any]:
    ids = prompt(model, PROMPT)
    return list(core.stream(model, ids, mixer=mixer, max_new_tokens=new, ignore_end=True, **settings))


def _check(model: Model, name: str) -> Check:
    """The last lane's logits against a run of its own; in half precision the batch shape decides the last bits."""
    variants = [add_and_cap(model).scale(0, scale) for scale in SCALES]
    ids = prompt(model, PROMPT)
    logits = []
    for group in (variants, variants[-1:]):
        plan, tape = model.planner.plan(group), Tape(model, len(group))
        tape.feed([ids] * len(group), ["prompt"] * PROMPT, plan)
        logits.append(tape.feed([ids[:1]] * len(group), ["answer"], plan)[-1])
    apart = float((logits[0] - logits[1]).abs().max() / logits[1].std())
    return Check(
        f"{name}: a lane off its own run, in standard deviations", apart, 0.1 if name == "bfloat16" else 1e-4
    )
