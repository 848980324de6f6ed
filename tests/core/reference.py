"""An independent account of steering, slow and plain: float64, one token at a time, in R^d, without a cache.

Nothing here imports the code it judges. Gains are a least-squares change, caps are found by trying every set of bounds
that could bind, and models are steered by hooks of our own on a second copy, told position by position what holds.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from copy import copy as shallow
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch

import core
from tests.core import zoo

INF = float("inf")
BLOCKS = {
    "gpt2": "transformer.h",
    "falcon": "transformer.h",
    "bloom": "transformer.h",
    "gpt-neox": "gpt_neox.layers",
    "opt": "model.decoder.layers",
}


@dataclass(frozen=True, eq=False)
class Vector:
    """The least that a channel takes for a vector, and what it may bring along."""

    directions: dict[int, torch.Tensor]
    name: str = "v"
    norms: dict[int, float] | None = None
    gaps: dict[int, float] | None = None
    suggestion: dict[str, Any] | None = None
    projections: dict[int, Sequence[float]] | None = None

    def percentile(self, layer: int, q: float) -> float | None:
        known = (self.projections or {}).get(layer)
        return None if known is None else float(np.percentile(known, q))


def vector(
    seed: int, layers: Sequence[int] = range(zoo.LAYERS), size: int = zoo.HIDDEN, **more: Any
) -> Vector:
    generator = torch.Generator().manual_seed(1000 + seed)
    rows = {layer: torch.randn(size, generator=generator) for layer in layers}
    return Vector({layer: row / row.norm() for layer, row in rows.items()}, **{"name": f"v{seed}", **more})


class Touch(NamedTuple):
    """What one channel does to one token at one layer."""

    direction: np.ndarray
    push: float = 0.0
    gain: float | None = None
    floor: float = -INF
    ceiling: float = INF


def touch(v: Vector, layer: int, **settings: Any) -> Touch:
    row = v.directions[layer].double().numpy()
    return Touch(row / np.linalg.norm(row), **settings)


def steer(h: np.ndarray, touches: Sequence[Touch], keep_norm: bool = False) -> np.ndarray:
    """gain, scale, norm, cap: each stage on the whole state."""
    before = np.linalg.norm(h)
    h = gained(h, touches)
    for t in touches:
        h = h + t.push * t.direction
    if keep_norm and np.linalg.norm(h) > 0:
        h = h * before / np.linalg.norm(h)
    return capped(h, touches)


def gained(h: np.ndarray, touches: Sequence[Touch]) -> np.ndarray:
    """The smallest change that brings every gained projection to g·p at once."""
    on = [t for t in touches if t.gain is not None]
    if not on:
        return h
    rows = np.stack([t.direction for t in on])
    wanted = np.array([(t.gain or 0.0) - 1.0 for t in on]) * (rows @ h)
    return h + np.linalg.lstsq(rows, wanted, rcond=1e-9)[0]


def capped(h: np.ndarray, touches: Sequence[Touch]) -> np.ndarray:
    """The nearest state inside all bounds: every choice of binding bounds is tried."""
    on = [t for t in touches if t.floor > -INF or t.ceiling < INF]
    best = None
    for sides in itertools.product((0, -1, 1), repeat=len(on)):
        moved = _on_bounds(h, on, sides)
        if moved is not None and (best is None or np.linalg.norm(moved - h) < np.linalg.norm(best - h)):
            best = moved
    assert best is not None, "the bounds contradict each other"
    return best


def _on_bounds(h: np.ndarray, on: Sequence[Touch], sides: Sequence[int]) -> np.ndarray | None:
    bounds = [(t, t.floor if side < 0 else t.ceiling) for t, side in zip(on, sides, strict=True) if side]
    if any(np.isinf(bound) for _, bound in bounds):
        return None
    if bounds:
        rows = np.stack([t.direction for t, _ in bounds])
        h = h + np.linalg.lstsq(rows, np.array([b for _, b in bounds]) - rows @ h, rcond=1e-9)[0]
    slack = 1e-9 * (1 + np.linalg.norm(h))
    inside = all(t.floor - slack <= t.direction @ h <= t.ceiling + slack for t in on)
    return h if inside else None


Schedule = Callable[[int, int], tuple[Sequence[Touch], bool]]


Record = dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]


def logits(
    hf: Any, ids: Sequence[int], schedule: Schedule, path: str = "model.layers", record: Record | None = None
) -> torch.Tensor:
    """[T, vocabulary] of one uncached forward; `schedule(layer, position)` says what touches that token there.

    `record[layer, position]` gets the states before and after.
    """
    handles = [
        block.register_forward_hook(_hook(layer, schedule, record))
        for layer, block in enumerate(hf.get_submodule(path))
    ]
    try:
        with torch.no_grad():
            return hf(input_ids=torch.tensor([list(ids)]), use_cache=False).logits[0].float()
    finally:
        for handle in handles:
            handle.remove()


def _hook(layer: int, schedule: Schedule, record: Record | None) -> Callable[[Any, Any, Any], Any]:
    def hook(_block: Any, _args: Any, output: Any) -> Any:
        hidden = output[0] if isinstance(output, tuple) else output
        out = hidden.clone()
        for position in range(hidden.shape[1]):
            touches, keep_norm = schedule(layer, position)
            for row in range(hidden.shape[0]) if touches else ():
                state = steer(hidden[row, position].double().numpy(), touches, keep_norm)
                out[row, position] = torch.from_numpy(state).to(out.dtype)
            if record is not None:
                record[layer, position] = tuple(x[0, position].double().numpy() for x in (hidden, out))
        return (out, *output[1:]) if isinstance(output, tuple) else out

    return hook


def check(live: Any, schedule: Schedule, name: str = "llama", tolerance: float = 1e-3) -> None:
    """Every token of a greedy answer is what the plain account of the same ids says, in log-probability and entropy.

    One look at each: the ids on the tape are run once more, without a cache, under `schedule`.
    """
    ids = live.tape.ids[0] + list(live.pending.ids)
    said = logits(copy(name), ids, schedule, path(name)).log_softmax(-1)
    assert live.steps
    for step in live.steps:
        there = said[step.position - 1]
        assert ids[step.position] == step.token_id
        assert abs(float(there[step.token_id]) - step.logprob) <= tolerance, step
        assert float(there.max() - there[step.token_id]) <= tolerance, step
        spread = float(-(there.exp() * there).sum())
        assert abs(spread - step.entropy) <= 0.01 * spread + 1e-5, step


def always(touches: Callable[[int], Sequence[Touch]], keep_norm: bool = False) -> Schedule:
    """The same at every position."""
    return lambda layer, _position: (touches(layer), keep_norm)


def nothing(_layer: int, _position: int) -> tuple[Sequence[Touch], bool]:
    return (), False


def model(name: str = "llama", dtype: torch.dtype = torch.float32) -> core.Model:
    """The architecture under our hooks; one per test run."""
    return _kept("model", name, dtype)


def copy(name: str = "llama", dtype: torch.dtype = torch.float32) -> Any:
    """The same weights without a hook of ours."""
    return _kept("copy", name, dtype)


@cache
def _kept(kind: str, name: str, dtype: torch.dtype) -> Any:
    hf = zoo.build(name, dtype=dtype)
    return hf if kind == "copy" else core.adopt(hf, zoo.tokenizer(), name)


def with_tokenizer(tokenizer: Any, name: str = "llama") -> core.Model:
    """The same resident model with another tokenizer."""
    resident = model(name)
    # Measured once with the tokenizer of the shape: the other may not be able to make tokens of a text.
    assert resident.residual_norms
    other = shallow(resident)
    other.tokenizer = tokenizer
    # The planner asks its model for the marks of regions.
    vars(other).pop("planner", None)
    return other


def path(name: str) -> str:
    return BLOCKS.get(name, "model.layers")
