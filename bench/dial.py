"""A turned dial: what it costs the decode thread at the boundary, and the thread that turns it before that."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import core
from bench.arms import Check, Setting
from bench.mixers import adds, channel, eight_mixed, prompt, turned
from bench.shapes import demo
from core.compiled.buffers import GraphBuffers
from core.compiled.setting import TableBuilder
from core.compiled.size import GraphSize
from core.generation.mixer_queue import MixerQueue
from core.mixer.mixer import Mixer
from core.model.model import Model

BATCH = 200
AT_MOST = {
    "queue and swap": 10.0,
    "copy into the bank, scales": 10.0,
    "copy into the bank, any dial": 10.0,
    "plan, one add": 100.0,
    "plan, eight mixed": None,
    "table, eight mixed": None,
}


def bench(setting: Setting) -> dict[str, Any]:
    model = demo(setting.device)
    actions = _plans(model) | _bank(model) | {"queue and swap": _swap(model)}
    found = {
        name: [_microseconds(action) for _ in range(setting.repetitions)] for name, action in actions.items()
    }
    return {
        "model": f"{model.name}, {model.dtype}",
        "times": [
            {
                "name": name,
                "median": median(times),
                "low": min(times),
                "high": max(times),
                "at_most": AT_MOST[name],
            }
            for name, times in found.items()
        ],
        "goals": [],
        "checks": [_next_token(model).to_json()],
    }


def _microseconds(action: Callable[[int], Any]) -> float:
    """CPU time per call; each call turns a dial to where it was not before."""
    began = time.process_time()
    for change in range(BATCH):
        action(change)
    return (time.process_time() - began) / BATCH * 1e6


def _plans(model: Model) -> dict[str, Callable[[int], Any]]:
    one, eight = Mixer((channel(model, 0, scale=0.1, scope="all"),)), eight_mixed(model)
    return {
        "plan, one add": lambda change: model.planner.plan([one.scale(0, 0.001 * change)]),
        "plan, eight mixed": lambda change: model.planner.plan([turned(eight, change)]),
    }


def _bank(model: Model) -> dict[str, Callable[[int], Any]]:
    size = GraphSize(1, 512)
    tables = TableBuilder(size, model.hidden_size, model.device)
    bank = GraphBuffers(size, model.n_layers, model.hidden_size, model.device)

    def made(mixer: Mixer) -> Any:
        return tables.build_table(model.planner.plan([mixer]).phases["answer"])

    eight, loud = eight_mixed(model), adds(model)
    settings = [model.planner.plan([turned(eight, i)]).phases["answer"] for i in range(BATCH)]
    scales = [made(loud.scale(0, 0.001 * i)) for i in range(BATCH)]
    dials = [made(eight.scale(0, 0.001 * i)) for i in range(BATCH)]
    return {
        "copy into the bank, scales": lambda change: bank.load(scales[change]),
        "copy into the bank, any dial": lambda change: bank.load(dials[change]),
        "table, eight mixed": lambda change: tables.build_table(settings[change]),
    }


def _swap(model: Model) -> Callable[[int], Any]:
    """Queueing a plan that is ready, which another thread does, and taking it over."""
    plans = [model.planner.plan([adds(model).scale(0, 0.001 * i)]) for i in range(8)]
    queue = iter(range(10**9))
    boundary = MixerQueue(lambda mixer, ages: plans[next(queue) % 8], Mixer())

    def take(change: int) -> None:
        boundary.set(Mixer())
        boundary.take_plan(change)

    return take


def _next_token(model: Model) -> Check:
    """How many tokens after its acknowledgement a dial takes to change the logits: none."""
    late = 0
    for change in range(5):
        live = core.stream(model, prompt(model, 16), max_new_tokens=8, ignore_end=True)
        for _ in range(change + 1):
            next(live)
        ticket = live.set(eight_mixed(model))
        step = next(live)
        late += (step.index, step.revision) != (ticket.at, ticket.revision)
    return Check("dials not in force at the token they were promised for", late, 0)
