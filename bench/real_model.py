"""Decoding on a real model, SmolLM2-135M in float32: our steered loop against transformers' own.

The model is fetched if it is not there. The unit is a forward pass, as in `bench.decode`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import core
from bench.arms import Arm, Check, Goal, Setting, judge, race
from bench.decode import generate, generated, speak
from bench.mixers import add_and_cap, adds
from core.fetching.job import fetch_job
from core.jobs.job import run_steps
from core.loading.fetched_models import SMOLLM2
from core.mixer.mixer import Mixer
from core.model.model import Model

TEXT = "Explain in plain words why the sky is blue and the evening red."
NEW = 32
GENERATE, PLAIN, ADDED, CAPPED = (
    "generate",
    "unsteered",
    "eight adds on every layer",
    "add and cap on every layer",
)
GOALS = (Goal(ADDED, GENERATE, 1 / 0.95), Goal(CAPPED, GENERATE, 0.97))


def bench(setting: Setting) -> dict[str, Any]:
    run_steps(fetch_job({"name": SMOLLM2.name}))
    model = core.load(SMOLLM2.name, device=setting.device)
    messages = [{"role": "user", "content": TEXT}]
    ids = list(model.tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"])
    mixers = {PLAIN: Mixer(), ADDED: adds(model), CAPPED: add_and_cap(model)}
    arms = [Arm(name, partial(speak, model, ids, mixer, NEW)) for name, mixer in mixers.items()]
    laps = race([Arm(GENERATE, lambda: generate(model, ids, NEW)), *arms], setting)
    return {
        "model": f"{model.name}, {model.n_layers} layers × {model.hidden_size}, {model.dtype}",
        "rates": {name: [lap.rate(setting.clock) for lap in found] for name, found in laps.items()},
        "goals": [judge(laps, goal, setting.clock) for goal in GOALS],
        "checks": [check.to_json() for check in (_plain_tokens(model, ids), _steered_tokens(model, ids))],
    }


def _plain_tokens(model: Model, ids: list[int]) -> Check:
    different = _count_different(model, ids, Mixer())
    return Check("tokens that differ from those of generate, unsteered", different, 0)


def _steered_tokens(model: Model, ids: list[int]) -> Check:
    different = _count_different(model, ids, adds(model))
    return Check("tokens that differ from those of generate, steered", different, 1, at_least=True)


def _count_different(model: Model, ids: list[int], mixer: Mixer) -> int:
    live = core.stream(model, ids, mixer=mixer, max_new_tokens=NEW, ignore_end=True)
    return sum(a != b for a, b in zip((s.token_id for s in live), generated(model, ids, NEW), strict=True))
