"""The compiled step against eager decoding under the same steering; one graph, whatever the dials do."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch._dynamo.utils import counters

import core
from bench.arms import Arm, Check, Goal, Setting, judge, race
from bench.decode import speak
from bench.mixers import eight_mixed, prompt, turned
from bench.shapes import demo
from core.compiled import verify
from core.compiled.size import GraphSize
from core.compiled.workshop import graph_builder
from core.mixer.mixer import Mixer
from core.model.model import Model

PROMPT, NEW, DIALS = 32, 96, 1000
CAPACITY = 512
GOALS = (Goal("compiled, eight mixed", "eager, eight mixed", 1.5),)


def bench(setting: Setting) -> dict[str, Any]:
    model = demo(setting.device)
    graphs = counters["stats"]["unique_graphs"]
    news = graph_builder(model).build_step(GraphSize(1, CAPACITY))
    step = graph_builder(model).find_step(GraphSize(1, CAPACITY))
    if step is None:
        raise SystemExit(news)
    verdict = verify.verify_step(step)
    made = counters["stats"]["unique_graphs"] - graphs
    laps = race(_arms(model), setting)
    _turn_dials(model)
    more = counters["stats"]["unique_graphs"] - graphs - made
    checks = [
        Check("logits off eager's, in standard deviations", verdict.error, 1e-4),
        Check("effect of steering over that error", verdict.effect / verdict.error, 1000, at_least=True),
        Check("graphs", made, 1),
        Check(f"graphs more after {DIALS} dial changes", more, 0),
        Check("tokens that differ from eager's", _different(model), 0),
    ]
    return {
        "model": f"{model.name}, {model.dtype}, {CAPACITY} positions; {news}",
        "rates": {name: [lap.rate(setting.clock) for lap in found] for name, found in laps.items()},
        "goals": [judge(laps, goal, setting.clock) for goal in GOALS],
        "checks": [check.to_json() for check in checks],
    }


def _arms(model: Model) -> list[Arm]:
    ids = prompt(model, PROMPT)
    mixers = {"unsteered": Mixer(), "eight mixed": eight_mixed(model)}
    return [
        Arm(f"{way}, {name}", partial(speak, model, ids, mixer, NEW, compile=way == "compiled"))
        for name, mixer in mixers.items()
        for way in ("eager", "compiled")
    ]


def _turn_dials(model: Model) -> None:
    mixer, change = eight_mixed(model), 0
    while change < DIALS:
        live = core.stream(
            model, prompt(model, PROMPT), mixer=mixer, max_new_tokens=200, ignore_end=True, compile=True
        )
        for _ in live:
            mixer, change = turned(mixer, change), change + 1
            live.set(mixer)


def _different(model: Model) -> int:
    ways = [
        [
            step.token_id
            for step in core.stream(
                model,
                prompt(model, PROMPT),
                mixer=eight_mixed(model),
                max_new_tokens=NEW,
                ignore_end=True,
                compile=fast,
            )
        ]
        for fast in (True, False)
    ]
    return sum(a != b for a, b in zip(*ways, strict=True))
