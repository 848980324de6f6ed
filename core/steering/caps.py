"""The cap stage: the smallest correction that brings every projection inside its bounds.

Find e with  floor ≤ q + eG ≤ ceiling  and ‖eV‖² = e G eᵀ minimal. At the optimum e is its own multiplier: eᵢ
> 0 only at a floor, eᵢ < 0 only at a ceiling. One cap has a closed form. For several, a primal–dual active
set guesses which caps bind, solves for those and guesses again: exact after two or three steps unless
directions are nearly parallel. Cases that do not converge go to the slower exact solver in `core.steering.dual`. On a
GPU, where no step may synchronise with the host, up to four caps are solved by trying every set of bounds,
more by a fixed number of guesses and Gauss–Seidel sweeps.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import torch

from core.steering import dual

STEPS = 12
ABSURD = 1e6  # relative to the state: larger solutions are amplified rounding errors
FIXED_STEPS = 6
FIXED_SWEEPS = 16
RIDGE = 1e-6
FEW = 4


def correct_array(q: Any, gram: Any, floor: Any, ceiling: Any, xp: ModuleType) -> Any:
    """Correction e for rows [..., K]; numpy iterates until done, torch takes a fixed number of steps."""
    if q.shape[-1] == 1:
        return xp.clip(q, floor, ceiling) - q
    return (_until_settled if xp is np else _fixed_course)(q, gram, floor, ceiling, xp)


def bound_violation(q: Any, floor: Any, ceiling: Any, xp: ModuleType) -> Any:
    """Distance by which each projection lies outside its bounds."""
    return abs(q - xp.clip(q, floor, ceiling))


def _until_settled(q: Any, gram: Any, floor: Any, ceiling: Any, xp: ModuleType) -> Any:
    e, before = xp.zeros_like(q), xp.zeros_like(q)
    for _ in range(STEPS):
        side = _binding_sides(q, gram, floor, ceiling, e, xp)
        restless = (side != before).any(-1)
        if not restless.any():
            restless = abs(e).max(-1) > ABSURD * (1.0 + abs(q).max(-1))
            break
        try:
            e, before = _solve_binding(q, gram, floor, ceiling, side, gram, xp), side
        except np.linalg.LinAlgError:
            restless = xp.ones_like(restless)
            break
    lows, highs, lines = xp.broadcast_to(floor, q.shape), xp.broadcast_to(ceiling, q.shape), gram.tolist()
    for row in map(tuple, np.argwhere(restless)):
        e[row] = dual.solve_caps(q[row].tolist(), lines, lows[row].tolist(), highs[row].tolist())[0]
    return e


def _fixed_course(q: Any, gram: Any, floor: Any, ceiling: Any, xp: ModuleType) -> Any:
    return (_all_sets if q.shape[-1] <= FEW else _guess_and_sweep)(q, gram, floor, ceiling, xp)


def _all_sets(q: Any, gram: Any, floor: Any, ceiling: Any, xp: ModuleType) -> Any:
    """Solve for all 3^K sets of binding bounds at once and select the optimal one."""
    sides = _bound_choices(q.shape[-1], gram.dtype, gram.device)
    eye = xp.eye(q.shape[-1], dtype=gram.dtype, device=gram.device)
    both = (sides[:, :, None] * sides[:, None, :]) != 0
    inverse = xp.linalg.inv_ex(xp.where(both, gram, eye))[0]
    wanted = xp.where(sides > 0, floor[..., None, :], ceiling[..., None, :]) - q[..., None, :]
    e = (xp.where(sides != 0, wanted, 0.0)[..., None, :] @ inverse)[..., 0, :]
    after = q[..., None, :] + e @ gram
    flaws = bound_violation(after, floor[..., None, :], ceiling[..., None, :], xp).maximum(-sides * e)
    best = flaws.amax(-1).nan_to_num(xp.inf).argmin(-1)
    return e.gather(-2, best[..., None, None].expand(*best.shape, 1, q.shape[-1]))[..., 0, :]


@cache
def _bound_choices(count: int, dtype: Any, device: Any) -> Any:
    return torch.tensor(list(product((0, 1, -1), repeat=count)), dtype=dtype, device=device)


def _guess_and_sweep(q: Any, gram: Any, floor: Any, ceiling: Any, xp: ModuleType) -> Any:
    e, ridged = xp.zeros_like(q), gram + RIDGE * xp.eye(q.shape[-1], dtype=gram.dtype, device=gram.device)
    for _ in range(FIXED_STEPS):
        side = _binding_sides(q, gram, floor, ceiling, e, xp)
        e = _solve_binding(q, gram, floor, ceiling, side, ridged, xp)
    for _ in range(FIXED_SWEEPS):
        for i in range(q.shape[-1]):
            alone = q[..., i] + (e * gram[:, i]).sum(-1) - e[..., i]
            e[..., i] = xp.clip(alone, floor[..., i], ceiling[..., i]) - alone
    return e


def _binding_sides(q: Any, gram: Any, floor: Any, ceiling: Any, e: Any, xp: ModuleType) -> Any:
    """+1 where a projection without its own share of e is below its floor, −1 above its ceiling, else 0."""
    alone = q + e @ gram - e
    return xp.sign(xp.clip(alone, floor, ceiling) - alone)


def _solve_binding(
    q: Any, gram: Any, floor: Any, ceiling: Any, side: Any, system: Any, xp: ModuleType
) -> Any:
    """The e that puts exactly the binding projections on their bounds."""
    binds = side != 0
    eye = xp.eye(q.shape[-1]) if xp is np else xp.eye(q.shape[-1], dtype=gram.dtype, device=gram.device)
    both = xp.where(binds[..., :, None] & binds[..., None, :], system, eye)
    wanted = xp.where(side > 0, floor, ceiling) - q
    return xp.linalg.solve(both, xp.where(binds, wanted, 0.0)[..., None])[..., 0]


def correct_floats(
    q: list[float], gram: list[list[float]], floor: list[float], ceiling: list[float]
) -> list[float]:
    """`correct_array` for one token, in Python floats."""
    k = range(len(q))
    sides = [(q[i] < floor[i]) - (q[i] > ceiling[i]) for i in k]
    e = [0.0] * len(q)
    if not any(sides):
        return e
    for _ in range(STEPS):
        on = [i for i in k if sides[i]]
        wanted = [(floor[i] if sides[i] > 0 else ceiling[i]) - q[i] for i in on]
        try:
            found = dual.solve_linear([[gram[i][j] for j in on] for i in on], wanted)
        except ZeroDivisionError:
            break
        e = [0.0] * len(q)
        for i, x in zip(on, found, strict=True):
            e[i] = x
        alone = [q[i] + sum(e[j] * gram[j][i] for j in on) - e[i] for i in k]
        now = [(alone[i] < floor[i]) - (alone[i] > ceiling[i]) for i in k]
        if now == sides:
            return e
        sides = now
    return dual.solve_caps(q, gram, floor, ceiling)[0]
