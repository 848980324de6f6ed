"""How good is the collapse lamp? The demo models are steered from sane doses to absurd ones, and the
lamp is held against the exact grammar of their world: the only models of which somebody knows what broken is.

A window has collapsed when less than half of its finished sentences are well-formed, or none was finished, and is sound
when at least nine tenths are; what lies between is counted and judges nobody. Limits are told for each number alone
too: what another limit would have done. `loop` is 1
where the answer loops at the end of the window. `times` are what the loop rule costs at every token.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np
import torch

import core
import vectors
from bench.arms import Check, Setting
from core import demo
from core.collapse.loops import LoopDetector, find_period
from core.demo.world.labels import label_text
from core.demo.world.prompts import story_openings, task_requests
from core.generation.probabilities import token_entropy
from core.generation.token_ids import prompt_ids
from core.mixer.mixer import Channel, Mixer
from sessions.state.collapse import LIMITS, WINDOW, measure_window
from sessions.state.state import AnswerToken
from vectors.checks.likelihood import token_distributions
from vectors.vector import SteeringVector

DOSES = (0.0, 0.4, 0.8, 1.5, 3.0, 6.0)
"""In mean residual norms, shared out over the default band; both ways."""
VECTORS = ("determined-drifting", "assistant-persona", "pirate")
RANDOM = 2
STRIDE, LONGEST, SEED = 16, 64, 6
"""The limits were chosen on the prompts of seed 5."""
FALSE_ALARMS, MISSES = 0.05, 0.15
TOKENS, MOST_MICROSECONDS = 2000, 100.0
SIGNS = {**LIMITS, "loop": 1.0}
Window = tuple[Mapping[str, float], bool | None]


def bench(setting: Setting) -> dict[str, Any]:
    """`repetitions` prompts of each model under every vector and dose."""
    seen = [
        window
        for name in demo.checkpoint_folders()
        for window in _windows(core.load(name), setting.repetitions)
    ]
    judged = [(found, collapsed) for found, collapsed in seen if collapsed is not None]
    alarms, misses = _rates(judged, SIGNS)
    print(f"collapse: {len(judged)} windows judged, {len(seen) - len(judged)} in between")
    for name in SIGNS:
        print(f"  {name}: {_told(judged, name)}")
    blind = _rates(judged, {name: limit for name, limit in SIGNS.items() if name != "perplexity"})
    print(f"  without a shadow: false alarms {blind[0]:.3f}, misses {blind[1]:.3f}")
    return {
        "model": f"{', '.join(demo.checkpoint_folders())}; {len(VECTORS)} vectors, {RANDOM} random ones, "
        f"doses up to {DOSES[-1]}",
        "n": {
            "sound": sum(not broken for _, broken in judged),
            "collapsed": sum(broken for _, broken in judged),
        },
        "windows": [[dict(found), collapsed] for found, collapsed in seen],
        "goals": [],
        "times": [_token_cost(name, ids, setting.repetitions) for name, ids in _costly_texts().items()],
        "checks": [
            Check("sound windows that light the lamp", alarms, FALSE_ALARMS).to_json(),
            Check("collapsed windows that do not", misses, MISSES).to_json(),
        ],
    }


def _costly_texts() -> dict[str, list[int]]:
    """Ids like those of prose (Zipf), exact loops, and a noisy loop in which nearly every lag has to be judged."""
    chance = random.Random(SEED)
    prose = chance.choices(range(1, 500), [1 / rank for rank in range(1, 500)], k=TOKENS)
    noisy = [7 if chance.random() < 0.93 else chance.randrange(9) for _ in range(TOKENS)]
    return {
        "a token of prose": prose,
        "a token of a loop of period 1": [7] * TOKENS,
        "a token of a loop of period 199": [n % 199 for n in range(TOKENS)],
        "a token of a noisy loop of period 1": noisy,
    }


def _token_cost(name: str, ids: Sequence[int], repetitions: int) -> dict[str, Any]:
    """Microseconds of CPU that the loop rule takes for a token."""
    found = []
    for _ in range(repetitions):
        detector, began = LoopDetector(), time.process_time()
        for token in ids:
            detector.add_token(token)
        found.append(1e6 * (time.process_time() - began) / len(ids))
    return {
        "name": name,
        "median": median(found),
        "low": min(found),
        "high": max(found),
        "at_most": MOST_MICROSECONDS,
    }


def _windows(model: core.Model, prompts: int) -> Iterator[Window]:
    for channel in _channels(model):
        for number, (prompt, raw) in enumerate(_prompts(model, prompts)):
            tokens = _said(model, prompt, Mixer((channel,)), raw, number)
            for start in range(0, len(tokens) - WINDOW + 1, STRIDE):
                window = tokens[start : start + WINDOW]
                loop = find_period(token.id for token in tokens[: start + WINDOW]) is not None
                found = {**measure_window(window), "loop": float(loop)}
                yield found, _collapsed("".join(token.text for token in window))


def _channels(model: core.Model) -> Iterator[Channel]:
    known = [vectors.read(demo.starter_vectors()[name], model=model) for name in VECTORS]
    for vector in (*known, *(_random(known[0], seed) for seed in range(RANDOM))):
        for dose in DOSES:
            yield Channel(vector, scale=dose, split=True)
            if dose:
                yield Channel(vector, scale=-dose, split=True)


def _random(like: SteeringVector, seed: int) -> SteeringVector:
    chance = np.random.default_rng(seed)
    return SteeringVector({layer: chance.standard_normal(like.hidden_size) for layer in like.layers})


def _prompts(model: core.Model, count: int) -> list[tuple[str, bool]]:
    """Stories to go on with and requests to answer."""
    stories, asked = story_openings(count, SEED), task_requests(count, SEED)
    return [*((text, True) for _, text in stories), *((text, False) for _, text in asked)]


def _said(model: core.Model, prompt: str, mixer: Mixer, raw: bool, seed: int) -> Sequence[AnswerToken]:
    settings = {"temperature": 0.7, "seed": seed, "max_new_tokens": LONGEST, "raw": raw}
    steps = list(core.stream(model, prompt, mixer=mixer, **settings))
    asked = prompt_ids(model, prompt, raw=raw)
    ids = [*asked, *(step.token_id for step in steps)]
    unsteered = token_distributions(model, ids, len(asked))
    return [
        AnswerToken(step.token_id, step.text, values=_values(step, row))
        for step, row in zip(steps, unsteered, strict=True)
    ]


def _values(step: Any, unsteered: torch.Tensor) -> dict[str, float]:
    """What a forced shadow would have said of the token is read afterwards, in one pass."""
    moved = {} if step.delta is None else {"delta": step.delta}
    beside = {"lp0": float(unsteered[step.token_id]), "entropy0": token_entropy(unsteered)}
    return {"entropy": step.entropy, **beside, **moved}


def _collapsed(text: str) -> bool | None:
    """The first sentence may have begun before the window: it says nothing."""
    found = label_text(text)[1:]
    share = sum(label.well_formed for label in found) / len(found) if found else 0.0
    return True if share < 0.5 else False if share >= 0.9 else None


def _rates(judged: Sequence[Window], limits: Mapping[str, float]) -> tuple[float, float]:
    """(false alarms among the sound, misses among the collapsed)."""
    lit = [
        (any(found.get(name, 0.0) >= limit for name, limit in limits.items()), broken)
        for found, broken in judged
    ]
    sound = [on for on, broken in lit if not broken]
    collapsed = [on for on, broken in lit if broken]
    return sum(sound) / max(len(sound), 1), 1 - sum(collapsed) / max(len(collapsed), 1)


def _told(judged: Sequence[Window], name: str) -> str:
    rates = _rates(judged, {name: SIGNS[name]})
    sides = {
        broken: [found[name] for found, b in judged if b is broken and name in found]
        for broken in (False, True)
    }
    spread = ", ".join(
        f"{'collapsed' if broken else 'sound'} p5 {np.percentile(values, 5):.3g} p50 {np.percentile(values, 50):.3g} "
        f"p95 {np.percentile(values, 95):.3g} p99 {np.percentile(values, 99):.3g}"
        for broken, values in sides.items()
        if values
    )
    return f"limit {SIGNS[name]:g} alone: false alarms {rates[0]:.3f}, misses {rates[1]:.3f}; {spread}"
