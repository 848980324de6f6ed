"""The cap stage: the smallest correction that puts every projection inside its bounds.

Find e with  floor ≤ q + eG ≤ ceiling  and ‖eV‖² = e G eᵀ minimal. One cap has a closed form. For several, a primal–dual
active set guesses which caps bind, solves for those and guesses again: exact in two or three steps at moderate angles
(spread-out directions). Gauss–Seidel sweeps, which converge from anywhere, mend what it leaves outside the tolerance.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from numpy.linalg import LinAlgError

TOLERANCE = 1e-4
STEPS = 12
SWEEPS = 400
FIXED_STEPS = 6
FIXED_SWEEPS = 16
RIDGE = 1e-6


def correct_array(q: Any, gram: Any, floor: Any, ceiling: Any, xp: ModuleType) -> Any:
    """e for rows [..., K] at once. numpy stops when done, torch runs a fixed course: nothing waits for a device."""
    if q.shape[-1] == 1:
        return xp.clip(q, floor, ceiling) - q
    watch = xp.__name__ == "numpy"
    e, settled = _active_set(q, gram, floor, ceiling, xp, watch)
    return e if settled else _sweeps(q, gram, floor, ceiling, e, xp, watch)


def _active_set(q: Any, gram: Any, floor: Any, ceiling: Any, xp: ModuleType, watch: bool) -> tuple[Any, bool]:
    e, before = xp.zeros_like(q), None
    eye = xp.eye(q.shape[-1]) if watch else xp.eye(q.shape[-1], dtype=gram.dtype, device=gram.device)
    ridged = gram if watch else gram + RIDGE * eye
    for _ in range(STEPS if watch else FIXED_STEPS):
        alone = q + e @ gram - e
        side = xp.sign(xp.clip(alone, floor, ceiling) - alone)
        if watch and (not side.any() or (before is not None and (side == before).all())):
            return e, True
        binds, before = side != 0, side
        system = xp.where(binds[..., :, None] & binds[..., None, :], ridged, eye)
        wanted = xp.where(side > 0, floor, ceiling) - q
        try:
            e = xp.linalg.solve(system, xp.where(binds, wanted, 0.0)[..., None])[..., 0]
        except LinAlgError:
            return xp.zeros_like(q), False
    return e, False


def _sweeps(q: Any, gram: Any, floor: Any, ceiling: Any, e: Any, xp: ModuleType, watch: bool) -> Any:
    for _ in range(SWEEPS if watch else FIXED_SWEEPS):
        for i in range(q.shape[-1]):
            alone = q[..., i] + (e * gram[:, i]).sum(-1) - e[..., i]
            e[..., i] = xp.clip(alone, floor[..., i], ceiling[..., i]) - alone
        if watch and (outside(q + e @ gram, floor, ceiling, xp) <= TOLERANCE * (1 + abs(q))).all():
            break
    return e


def outside(q: Any, floor: Any, ceiling: Any, xp: ModuleType) -> Any:
    """How far each projection lies outside its bounds; what the meters call the residual of a cap."""
    return abs(q - xp.clip(q, floor, ceiling))


def correct_floats(
    q: list[float], gram: list[list[float]], floor: list[float], ceiling: list[float]
) -> list[float]:
    """`correct_array` for one token on Python floats."""
    k = range(len(q))
    sides = [(q[i] < floor[i]) - (q[i] > ceiling[i]) for i in k]
    e = [0.0] * len(q)
    if not any(sides):
        return e
    for _ in range(STEPS):
        on = [i for i in k if sides[i]]
        wanted = [(floor[i] if sides[i] > 0 else ceiling[i]) - q[i] for i in on]
        e = [0.0] * len(q)
        for i, x in zip(on, _solve([[gram[i][j] for j in on] for i in on], wanted), strict=True):
            e[i] = x
        alone = [q[i] + sum(e[j] * gram[j][i] for j in on) - e[i] for i in k]
        now = [(alone[i] < floor[i]) - (alone[i] > ceiling[i]) for i in k]
        if now == sides:
            return e
        sides = now
    return _sweep_floats(q, gram, floor, ceiling, e)


def _sweep_floats(
    q: list[float], gram: list[list[float]], floor: list[float], ceiling: list[float], e: list[float]
) -> list[float]:
    k = range(len(q))
    for _ in range(SWEEPS):
        for i in k:
            alone = q[i] + sum(e[j] * gram[j][i] for j in k) - e[i]
            e[i] = min(max(alone, floor[i]), ceiling[i]) - alone
        after = [q[i] + sum(e[j] * gram[j][i] for j in k) for i in k]
        if all(floor[i] - after[i] <= _slack(q[i]) and after[i] - ceiling[i] <= _slack(q[i]) for i in k):
            break
    return e


def _slack(q: float) -> float:
    return TOLERANCE * (1 + abs(q))


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination for the one to four caps that bind; a Gram matrix needs no pivoting."""
    n = len(right)
    if n == 1:
        return [right[0] / matrix[0][0]]
    rows = [[*line, x] for line, x in zip(matrix, right, strict=True)]
    for i in range(n):
        rows[i][i] = rows[i][i] or RIDGE
        for j in range(i + 1, n):
            factor = rows[j][i] / rows[i][i]
            rows[j] = [x - factor * y for x, y in zip(rows[j], rows[i], strict=True)]
    out = [0.0] * n
    for i in reversed(range(n)):
        out[i] = (rows[i][n] - sum(rows[i][j] * out[j] for j in range(i + 1, n))) / rows[i][i]
    return out
