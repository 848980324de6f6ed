"""Verifies a compiled graph against eager decoding, steered and unsteered, with the mixer changed in between.

Speed cannot tell a steered graph from an unsteered one, and neither can equal tokens: a steered prompt with
an unsteered continuation would pass. So decode logits are compared, and the effect of steering must be much
larger than the error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.compiled.graph_step import GraphStep
from core.mixer.mixer import Channel, Mixer
from core.model.cache import Tape
from core.steering.meters import MeterReading
from core.steering.plan import Plan

if TYPE_CHECKING:
    from core.model.model import Model

PROMPT = 8
SEED = 11


@dataclass(frozen=True)
class GraphVerdict:
    """Largest error and the effect of steering, both in standard deviations of the logits."""

    error: float
    effect: float
    is_float32: bool

    @property
    def is_sound(self) -> bool:
        # A graph that ignores steering has an error as large as the effect.
        tolerance, ratio = (1e-4, 1000.0) if self.is_float32 else (0.1, 10.0)
        return self.error <= tolerance and self.effect > ratio * self.error

    def __str__(self) -> str:
        return f"off by {self.error:.1g}, effect {self.effect:.1g}"


def verify_step(step: GraphStep) -> GraphVerdict:
    """Compare three tokens with eager decoding: steered, unsteered, steered differently with keep-norm."""
    model, lanes = step.model, step.size.lanes
    loud, other = (
        _plan(model, _test_mixers(model, lanes)),
        _plan(model, _test_mixers(model, lanes, keep_norm=True)),
    )
    silent = _plan(model, [Mixer()] * lanes)
    ids = torch.randint(model.vocab_size, (lanes, PROMPT + 3), generator=_seeded_generator()).tolist()
    tape, plain = Tape(model, lanes), Tape(model, lanes)
    for each in (tape, plain):
        each.feed([row[:PROMPT] for row in ids], ["prompt"] * PROMPT, silent)
    step.take_cache(NullCacheHolder(), tape.cache, PROMPT)
    # The second tape decodes the first token unsteered, as the reference for the effect.
    unsteered = plain.feed([row[PROMPT : PROMPT + 1] for row in ids], ["answer"], silent)
    error, spread = 0.0, float(unsteered.std())
    effect = 0.0
    # The plan changes at every token: a graph that kept the first coefficients would be found out.
    for at, plan in enumerate((loud, silent, other), start=PROMPT):
        steered, missed = _compare_token(step, tape, [row[at] for row in ids], plan)
        error = max(error, missed / spread)
        if at == PROMPT:
            effect = _max_difference(steered, unsteered) / spread
    return GraphVerdict(error, effect, is_float32=model.dtype == torch.float32)


def _compare_token(step: GraphStep, tape: Tape, tokens: list[int], plan: Plan) -> tuple[Tensor, float]:
    """Decode one token both ways: eager logits, and the graph's largest error in logits and projections."""
    seen: list[MeterReading] = []
    step.recheck_guards()
    eager = tape.feed([[token] for token in tokens], ["answer"], plan, seen)
    compiled = step.decode_tokens(tokens, plan.phases["answer"])
    told = step.buffers.meter_readings(plan.phases["answer"])
    missed = [_max_difference(eager, compiled)]
    for mine, theirs in zip(told, seen, strict=True):
        # Projections grow with ‖h‖, so their error is relative; below 1 it stays absolute.
        scale = float(theirs.before.abs().max().clamp(min=1.0))
        missed += [
            _max_difference(mine.before, theirs.before) / scale,
            _max_difference(mine.after, theirs.after) / scale,
        ]
    return eager, max(missed)


def _max_difference(a: Tensor, b: Tensor) -> float:
    """Largest absolute difference; NaN counts as infinite, because every comparison with NaN would pass."""
    return float((a.float() - b.float()).abs().max().nan_to_num(torch.inf))


class NullCacheHolder:
    """A cache holder for the self-test; giving the cache back is a no-op."""

    def return_cache(self) -> None:
        pass


class _RandomVector:
    """A random direction at every layer."""

    def __init__(self, model: Model, dice: torch.Generator) -> None:
        self.name = "proof"
        rows = torch.randn(model.n_layers, model.hidden_size, generator=dice)
        self.directions = dict(enumerate(rows))


def _test_mixers(model: Model, lanes: int, keep_norm: bool = False) -> list[Mixer]:
    """Per lane a mixer with an add, a gain and two caps at every layer, each lane at its own scale."""
    dice, everywhere = _seeded_generator(keep_norm), tuple(range(model.n_layers))
    bound = 0.05 * min(model.residual_norms.values())
    channels = [Channel(_RandomVector(model, dice), layers=everywhere) for _ in range(4)]
    mixer = Mixer(tuple(channels), keep_norm=keep_norm)
    mixer = mixer.gain(1, -1.0).cap(2, floor=bound).cap(3, ceiling=-bound)
    # Unequal scales show whether a lane gets the coefficients of another.
    return [mixer.scale(0, 0.5 / (lane + 1)) for lane in range(lanes)]


def _plan(model: Model, mixers: list[Mixer]) -> Plan:
    return model.planner.plan(mixers, {i: [model.n_layers - 1] for i in range(len(mixers[0].channels))})


def _seeded_generator(other: bool = False) -> torch.Generator:
    return torch.Generator().manual_seed(SEED + other)
