"""Decoding on a real model, SmolLM2-135M in float32: our steered loop against transformers' own.

The model is fetched if it is not there. The unit is a token: our last pass, which puts the last one on the tape, counts
as a cost of the answer. A compiled step is asked for as the app does, and joins if it is ready in time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from transformers import AutoModelForCausalLM, PreTrainedModel

import core
from bench.arms import Arm, Check, Goal, Setting, judge, race
from bench.decode import generate, generated, speak
from bench.mixers import add_and_cap, adds
from core.compiled.size import size_for
from core.compiled.workshop import graph_builder
from core.fetching.job import fetch_job
from core.jobs.job import run_steps
from core.loading.fetched_models import SMOLLM2
from core.mixer.mixer import Mixer
from core.model.model import Model

TEXT = "Explain in plain words why the sky is blue and the evening red."
NEW = 64
GENERATE, PLAIN, ADDED, CAPPED, COMPILED = (
    "generate",
    "unsteered",
    "eight adds on every layer",
    "add and cap on every layer",
    "compiled, eight adds on every layer",
)
GOALS = (Goal(ADDED, GENERATE, 1 / 0.95), Goal(CAPPED, GENERATE, 0.97))
FAST = Goal(COMPILED, GENERATE, 1 / 0.95)


def bench(setting: Setting) -> dict[str, Any]:
    fetched = run_steps(fetch_job({"name": SMOLLM2.name})) or {}
    model = core.load(SMOLLM2.name, device=setting.device)
    messages = [{"role": "user", "content": TEXT}]
    ids = list(model.tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"])
    mixers = {PLAIN: Mixer(), ADDED: adds(model), CAPPED: add_and_cap(model)}
    # On a model of its own: ours has hooks and fused norms.
    plain = AutoModelForCausalLM.from_pretrained(fetched["path"], dtype=model.dtype).to(setting.device).eval()
    arms = [Arm(GENERATE, lambda: generate(plain, ids, NEW))]
    arms += [Arm(name, _answer(model, ids, mixer)) for name, mixer in mixers.items()]
    news, goals = _compile(model, len(ids) + NEW), GOALS
    if "takes over" in news:
        arms, goals = [*arms, Arm(COMPILED, _answer(model, ids, mixers[ADDED], compile=True))], (*GOALS, FAST)
    laps = race(arms, setting)
    return {
        "model": f"{model.name}, {model.n_layers} layers × {model.hidden_size}, {model.dtype}; {news}",
        "rates": {name: [lap.rate(setting.clock) for lap in found] for name, found in laps.items()},
        "goals": [judge(laps, goal, setting.clock) for goal in goals],
        "checks": [
            check.to_json()
            for check in (_plain_tokens(model, plain, ids), _steered_tokens(model, plain, ids))
        ],
    }


def _answer(model: Model, ids: list[int], mixer: Mixer, **settings: Any) -> Callable[[], int]:
    """An arm's run; `speak` counts passes, one more than tokens."""
    return lambda: speak(model, ids, mixer, NEW, **settings) - 1


def _compile(model: Model, length: int) -> str:
    """What becomes of a compiled step that is asked for as the app does, and after how many seconds."""
    builder, began = graph_builder(model), time.perf_counter()
    news = [builder.request_step(size_for(1, length, model.max_context, 0, 0)) or ""]
    while len(news) < 2 and "being compiled" in news[0]:
        time.sleep(0.1)
        news += builder.install_finished()
    return f"{news[-1]}, {time.perf_counter() - began:.0f} s after it was asked for"


def _plain_tokens(model: Model, plain: PreTrainedModel, ids: list[int]) -> Check:
    different = _count_different(model, plain, ids, Mixer())
    return Check("tokens that differ from those of generate, unsteered", different, 0)


def _steered_tokens(model: Model, plain: PreTrainedModel, ids: list[int]) -> Check:
    different = _count_different(model, plain, ids, adds(model))
    return Check("tokens that differ from those of generate, steered", different, 1, at_least=True)


def _count_different(model: Model, plain: PreTrainedModel, ids: list[int], mixer: Mixer) -> int:
    live = core.stream(model, ids, mixer=mixer, max_new_tokens=NEW, ignore_end=True)
    return sum(a != b for a, b in zip((s.token_id for s in live), generated(plain, ids, NEW), strict=True))
