"""Decoding: our steered loop against transformers' own, and what steering costs a very small model.

The unit is a forward pass: our loop makes one more than `generate`, which puts the last token on the tape.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from torch import Tensor

import core
from bench.arms import Arm, Check, Goal, Setting, judge, race
from bench.lockstep import generated
from bench.mixers import add_and_cap, adds, eight_mixed, prompt
from bench.shapes import demo, qwen
from core.mixer.mixer import Mixer
from core.model.cache import Tape
from core.model.model import Model

PROMPT = 32
NEW = {"large": 24, "demo": 96}
GOALS = (
    Goal("large: ours, add and cap on every layer", "large: generate", 0.97),
    Goal("demo: eight mixed", "demo: unsteered", 0.85),
    Goal("demo: eight adds, folded", "demo: unsteered", 0.98),
)


def bench(setting: Setting) -> dict[str, Any]:
    large, small = core.adopt(qwen(device=setting.device), name="qwen shape"), demo(setting.device)
    laps = race(_large(large), setting) | race(_small(small), setting)
    return {
        "model": f"Qwen2 shape of 148M parameters, {large.dtype}; {small.name}, {small.dtype}",
        "rates": {name: [lap.rate(setting.clock) for lap in found] for name, found in laps.items()},
        "goals": [judge(laps, goal, setting.clock) for goal in GOALS],
        "checks": [check.to_json() for check in (_same_tokens(large), *_steered(large))],
    }


def _large(model: Model) -> list[Arm]:
    ids = prompt(model, PROMPT)
    return [
        Arm("large: generate", lambda: generate(model, ids, NEW["large"])),
        Arm("large: ours, unsteered", lambda: speak(model, ids, Mixer(), NEW["large"])),
        Arm(
            "large: ours, add and cap on every layer",
            lambda: speak(model, ids, add_and_cap(model), NEW["large"]),
        ),
    ]


def _small(model: Model) -> list[Arm]:
    ids = prompt(model, PROMPT)
    mixers = {"unsteered": Mixer(), "eight mixed": eight_mixed(model), "eight adds, folded": adds(model)}
    return [
        Arm(f"demo: {name}", partial(speak, model, ids, mixer, NEW["demo"])) for name, mixer in mixers.items()
    ]


def speak(model: Model, ids: list[int], mixer: Mixer, new: int, **settings: Any) -> int:
    """One answer; the number of forward passes it took."""
    live = core.stream(model, ids, mixer=mixer, max_new_tokens=new, ignore_end=True, **settings)
    return sum(1 for _ in live) + 1


def generate(model: Model, ids: list[int], new: int) -> int:
    """The same number of tokens from transformers; its last token is not fed."""
    generated(model, ids, new)
    return new


def _same_tokens(model: Model) -> Check:
    ids = prompt(model, PROMPT)
    live = core.stream(model, ids, max_new_tokens=NEW["large"], ignore_end=True)
    ours, theirs = [step.token_id for step in live], generated(model, ids, NEW["large"])
    different = sum(a != b for a, b in zip(ours, theirs, strict=True))
    return Check("tokens that differ from those of generate", different, 0)


def _steered(model: Model) -> list[Check]:
    """Logits of a decoded token against a naive hook, and against no steering at all."""
    mixer = add_and_cap(model)
    ours, naive = _decoded(model, mixer), _by_hand(model, mixer)
    error = float((ours - naive).abs().max())
    effect = float((ours - _decoded(model, Mixer())).abs().max())
    return [
        Check("steered decode logits off a naive hook's", error, 1e-4),
        Check("effect of steering over that error", effect / max(error, 1e-9), 1000, at_least=True),
    ]


def _decoded(model: Model, mixer: Mixer) -> Tensor:
    ids, plan = prompt(model, PROMPT), model.planner.plan([mixer])
    tape = Tape(model)
    tape.feed([ids[:-1]], ["prompt"] * (PROMPT - 1), plan)
    return tape.feed([ids[-1:]], ["answer"], plan)


def _by_hand(model: Model, mixer: Mixer) -> Tensor:
    """The same two passes of the plain model, with hooks written out for these two channels."""
    tape, ids, plain = Tape(model), prompt(model, PROMPT), model.planner.plan([Mixer()])
    tape.feed([ids[:-1]], ["prompt"] * (PROMPT - 1), plain)
    with _naive_hooks(model, mixer):
        return tape.feed([ids[-1:]], ["answer"], plain)


@contextmanager
def _naive_hooks(model: Model, mixer: Mixer) -> Iterator[None]:
    pushed, capped = (channel.vector.directions for channel in mixer.channels)

    def steer(layer: int, hidden: Tensor) -> Tensor:
        add, cap = pushed[layer].to(hidden), capped[layer].to(hidden)
        hidden = hidden + mixer.channels[0].scale * model.residual_norms[layer] * add
        return hidden - (hidden @ cap).clamp(min=0.0)[..., None] * cap

    handles = [
        block.register_forward_hook(lambda _block, _args, out, layer=layer: steer(layer, out))
        for layer, block in enumerate(model.layers)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
