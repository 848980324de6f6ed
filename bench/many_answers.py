"""Many answers at once: thirty prompts in lanes against one by one, tokens per CPU-second, and whether they are equal.

On SmolLM2-135M-Instruct where the folder is given in STEERTUI_SMOLLM2 or the model is there by name, else on the demo.
One by one, thirty answers would take minutes: a lap answers every sixth prompt, the next lap the ones behind those.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import core
from bench.arms import Arm, Check, Goal, Setting, judge, race
from bench.shapes import demo
from core.errors import SteerError
from core.generation.batch.lane_answer import LaneAnswer, LaneRequest
from core.generation.batch.lane_batch import LaneBatch
from core.generation.batch.one_by_one import OneByOne
from core.generation.token_ids import prompt_ids
from core.model.cache import Tape
from core.model.model import Model

LANES, NEW = 30, 60
EVERY = 6
"""One by one, a lap answers one prompt in so many, short and long ones alike."""
AT_LEAST = {"smollm2": 5.0, "demo": 3.0}
NEARLY = 1e-3
"""Log-probabilities of the two likeliest tokens this close may change places by rounding."""
OPENINGS = (
    "What is rain?",
    "Tell me a story about a fox and a crow.",
    "How do I bake bread at home without an oven?",
)
MODEL = "STEERTUI_SMOLLM2"


def bench(setting: Setting) -> dict[str, Any]:
    name, model = _model(setting.device)
    requests = _requests(model)
    in_lanes, alone = dict[int, LaneAnswer](), dict[int, LaneAnswer]()
    shares = cycle([{k: requests[k] for k in range(first, LANES, EVERY)} for first in range(EVERY)])
    arms = [
        Arm("thirty lanes", lambda: _keep(in_lanes, LaneBatch(model, requests, LANES))),
        Arm("one by one", lambda: _keep(alone, OneByOne(model, next(shares)))),
    ]
    laps = race(arms, setting)
    ties, wrong = compare(model, requests, alone, in_lanes)
    print(
        f"many_answers: {len(alone) - ties - wrong} of {len(alone)} equal, {ties} differ first at a near tie"
    )
    return {
        "model": f"{model.name}, {model.dtype}, {LANES} prompts of {_lengths(requests)} tokens, at most {NEW} new",
        "rates": {arm: [lap.rate(setting.clock) for lap in found] for arm, found in laps.items()},
        "goals": [judge(laps, Goal("thirty lanes", "one by one", AT_LEAST[name]), setting.clock)],
        "checks": [Check("answers that differ from a single run without a near tie", wrong, 0).to_json()],
        "compared": len(alone),
        "near_ties": ties,
    }


def _model(device: str) -> tuple[str, Model]:
    try:
        return "smollm2", core.load(os.environ.get(MODEL, "smollm2"), dtype="float32", device=device)
    except SteerError:
        return "demo", demo(device)


def _requests(model: Model) -> dict[int, LaneRequest]:
    """Prompts that grow from line to line, so that no two lanes are equally long."""
    texts = [f"{OPENINGS[k % len(OPENINGS)]}{' Please.' * k}" for k in range(LANES)]
    return {
        k: LaneRequest(tuple(prompt_ids(model, text)), max_new_tokens=NEW, ignore_end=True)
        for k, text in enumerate(texts)
    }


def answers(runner: LaneBatch | OneByOne) -> dict[int, LaneAnswer]:
    found: dict[int, LaneAnswer] = {}
    while not runner.done:
        found |= {answer.number: answer for answer in runner.step()}
    return found


def compare(
    model: Model,
    requests: Mapping[int, LaneRequest],
    some: Mapping[int, LaneAnswer],
    others: Mapping[int, LaneAnswer],
) -> tuple[int, int]:
    """(answers that differ first at a near tie, answers that differ anywhere else)."""
    pairs = {
        k: (some[k].token_ids, others[k].token_ids) for k in some if some[k].token_ids != others[k].token_ids
    }
    near = [_is_near_tie(model, requests[k], *pair) for k, pair in pairs.items()]
    return sum(near), len(near) - sum(near)


def _is_near_tie(model: Model, request: LaneRequest, one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether the two likeliest tokens lie within `NEARLY` where the answers first differ."""
    at = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if at is None:
        return False
    ids = [*request.ids, *one[:at]]
    plan = model.planner.plan([request.mixer])
    phases = ["prompt"] * (len(request.ids) - 1) + ["answer"] * (at + 1)
    best = Tape(model).feed([ids], phases, plan)[0].log_softmax(-1).topk(2).values
    return float(best[0] - best[1]) <= NEARLY


def _keep(known: dict[int, LaneAnswer], runner: LaneBatch | OneByOne) -> int:
    """Adds the answers to those known; the number of their tokens."""
    found = answers(runner)
    known |= found
    return sum(len(answer.token_ids) for answer in found.values())


def _lengths(requests: Mapping[int, LaneRequest]) -> str:
    lengths = [len(request.ids) for request in requests.values()]
    return f"{min(lengths)} to {max(lengths)}"
