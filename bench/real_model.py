"""Decoding on a real model, SmolLM2-135M in float32: our steered loop against transformers' own.

The model is fetched if it is not there. Ours and `generate` make their tokens in turns, and the ratio is that of a
pair; our last pass, which puts the last token on the tape, is in no pair and costs an answer of n tokens 1/n more. A
compiled step is asked for as the app does, and is raced whole answers long if it is ready in time.
"""

from __future__ import annotations

import time
from typing import Any

import core
from bench.arms import Arm, Check, Goal, Setting, judge, race
from bench.decode import generate, speak
from bench.lockstep import generated, judge_steps
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
LEAST = {PLAIN: 1 / 0.95, ADDED: 1 / 0.95, CAPPED: 0.97}
FAST = Goal(COMPILED, GENERATE, 1 / 0.95)


def bench(setting: Setting) -> dict[str, Any]:
    run_steps(fetch_job({"name": SMOLLM2.name}))
    model = core.load(SMOLLM2.name, device=setting.device)
    messages = [{"role": "user", "content": TEXT}]
    ids = list(model.tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"])
    mixers = {PLAIN: Mixer(), ADDED: adds(model), CAPPED: add_and_cap(model)}
    new = NEW * setting.repetitions
    goals = [
        judge_steps(model, ids, (name, mixer), GENERATE, new, LEAST[name]) for name, mixer in mixers.items()
    ]
    news = _compile(model, len(ids) + NEW)
    if "takes over" in news:
        laps = race([Arm(GENERATE, lambda: generate(model, ids, NEW)), _compiled_arm(model, ids)], setting)
        goals.append(judge(laps, FAST, setting.clock))
    return {
        "model": f"{model.name}, {model.n_layers} layers × {model.hidden_size}, {model.dtype}; {news}",
        "goals": goals,
        "checks": [check.to_json() for check in (_plain_tokens(model, ids), _steered_tokens(model, ids))],
    }


def _compiled_arm(model: Model, ids: list[int]) -> Arm:
    """`speak` counts passes, one more than tokens."""
    return Arm(COMPILED, lambda: speak(model, ids, adds(model), NEW, compile=True) - 1)


def _compile(model: Model, length: int) -> str:
    """What becomes of a compiled step that is asked for as the app does, and after how many seconds."""
    builder, began = graph_builder(model), time.perf_counter()
    news = [builder.request_step(size_for(1, length, model.max_context, 0, 0)) or ""]
    while len(news) < 2 and "being compiled" in news[0]:
        time.sleep(0.1)
        news += builder.install_finished()
    return f"{news[-1]}, {time.perf_counter() - began:.0f} s after it was asked for"


def _plain_tokens(model: Model, ids: list[int]) -> Check:
    different = _count_different(model, ids, Mixer())
    return Check("tokens that differ from those of generate, unsteered", different, 0)


def _steered_tokens(model: Model, ids: list[int]) -> Check:
    different = _count_different(model, ids, adds(model))
    return Check("tokens that differ from those of generate, steered", different, 1, at_least=True)


def _count_different(model: Model, ids: list[int], mixer: Mixer) -> int:
    live = core.stream(model, ids, mixer=mixer, max_new_tokens=NEW, ignore_end=True)
    return sum(a != b for a, b in zip((s.token_id for s in live), generated(model, ids, NEW), strict=True))
