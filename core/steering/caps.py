"""The cap stage: the smallest correction that brings every projection inside its bounds.

Find e with  floor ≤ q + eG ≤ ceiling  and ‖eV‖² = e G eᵀ minimal. The conditions of the minimum (Karush, Kuhn
and Tucker) are: every projection is inside its bounds, eᵢ > 0 only where projection i stands on its floor, eᵢ < 0
only where it stands on its ceiling, and eᵢ = 0 elsewhere: e is its own multiplier. Three solvers:

    one cap    closed form: e = clip(q) − q, as G is 1 but for rounding
    several    `solve_caps`: a dual active-set method in Python floats, exact at any angle between the directions
    compiled   `correct_projections`: every set of binding bounds at once, where nothing may branch on a value:
               inside a graph, and on a GPU, where a branch would wait for the host. A CPU uses it for the many
               rows of a prompt, where one pass over arrays is faster than a loop in Python
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from types import ModuleType
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = list[float]
Array = TypeVar("Array", NDArray[np.float64], Tensor)

ROUNDING = 1e-12
DEPENDENT = 1e-9
ROUNDS = 12
TABLE_CAPS = 4
"""Most caps that an eager pass solves by table: 81 states for four, 243 for five."""
TABLE_PAYS = 32
"""Rows outside their bounds from which on an eager pass on a CPU builds the table for them."""
TABLE_ROWS = 256
"""Rows that go through the table at once: it holds a number per row, pair of caps and state."""
NEVER = 1e30
"""A bound that does not bind; an infinity would make 0·∞ in the states where it is not active."""


def correct_array(
    q: Array, gram: Array, floor: Array, ceiling: Array, xp: ModuleType, table: CapTable | None = None
) -> Array:
    """Correction e for rows [..., K]: by the table where one is given, else in float64 on the host."""
    if q.shape[-1] == 1:
        return xp.clip(q, floor, ceiling) - q
    if isinstance(q, Tensor) and table is not None:
        return table.correct(q, floor, ceiling)
    if isinstance(q, Tensor):
        # Too many caps for a table: solve in float64 on the host, although the device has to wait.
        host = [x.detach().double().cpu().numpy() for x in (q, gram, floor, ceiling)]
        return torch.as_tensor(_correct_rows(*host), dtype=q.dtype, device=q.device)
    return _correct_rows(q, gram, floor, ceiling)


def correct_floats(q: Floats, gram: list[Floats], floor: Floats, ceiling: Floats) -> Floats:
    """Correction e for one token."""
    if len(q) == 1:
        return [(min(max(q[0], floor[0]), ceiling[0]) - q[0]) / gram[0][0]]
    return solve_caps(q, gram, floor, ceiling)[0]


def bound_violation(q: Array, floor: Array, ceiling: Array, xp: ModuleType) -> Array:
    """Distance by which each projection lies outside its bounds."""
    return abs(q - xp.clip(q, floor, ceiling))


def _correct_rows(
    q: NDArray[np.float64],
    gram: NDArray[np.float64],
    floor: NDArray[np.float64],
    ceiling: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Corrections for the rows of an array that are outside their bounds; the others stay to the bit."""
    e = np.zeros_like(q)
    lows, highs = np.broadcast_to(floor, q.shape), np.broadcast_to(ceiling, q.shape)
    outside = ((q < lows) | (q > highs)).any(-1)
    e[outside] = _solve_rows(q[outside], gram, lows[outside], highs[outside])
    return e


def _solve_rows(
    q: NDArray[np.float64],
    gram: NDArray[np.float64],
    lows: NDArray[np.float64],
    highs: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Few rows [R, K] one by one; the many of a prompt by the table, where building it pays."""
    capped = np.flatnonzero((np.isfinite(lows) | np.isfinite(highs)).any(0)).tolist()
    table = None
    if len(q) > TABLE_PAYS:
        table = CapTable.from_gram(gram, capped, torch.device("cpu"), torch.float64)
    if table is None:
        lines = gram.tolist()
        bounds = zip(q.tolist(), lows.tolist(), highs.tolist(), strict=True)
        return np.array([solve_caps(row, lines, low, high)[0] for row, low, high in bounds]).reshape(q.shape)
    parts = [
        table.correct(*(torch.as_tensor(x[at : at + TABLE_ROWS]) for x in (q, lows, highs))).numpy()
        for at in range(0, len(q), TABLE_ROWS)
    ]
    return np.concatenate(parts)


# Several caps: the dual active-set method of Goldfarb and Idnani (1983).


def solve_caps(q: Floats, gram: list[Floats], floor: Floats, ceiling: Floats) -> tuple[Floats, int | None]:
    """Return (e, None), or (e, i) where cap i contradicts the others.

    `held` are the caps whose projections stand on a bound by a non-zero eᵢ of the right sign. Each round takes the
    projection that is farthest outside and moves it to its bound while the held ones stay on theirs. Before and
    after a round e is the minimum for the held caps alone, and a round only makes that minimum larger. So no set of
    held caps comes back, and as there are finitely many sets, the loop ends.
    """
    e, held = [0.0] * len(q), list[int]()
    now = q
    for _ in range(ROUNDS * len(q)):
        worst, lack = _farthest_outside(now, q, floor, ceiling, held)
        if worst is None:
            return e, None  # all inside, and every multiplier has its sign: the minimum
        if not _move_to_bound(worst, lack, e, held, gram):
            return e, worst
        # From q again, not from the last round, so that rounding errors do not add up.
        now = [x + sum([e[j] * gram[j][i] for j in held]) for i, x in enumerate(q)]
    return e, None


def _farthest_outside(
    now: Floats, q: Floats, floor: Floats, ceiling: Floats, held: list[int]
) -> tuple[int | None, float]:
    """The projection farthest outside its bounds, with its signed distance to the bound; None if all are inside."""
    worst, lack = None, 0.0
    for i, x in enumerate(now):
        if x < floor[i]:
            gap = floor[i] - x
        elif x > ceiling[i]:
            gap = ceiling[i] - x
        else:
            continue
        # A held projection is off its bound by rounding only.
        if abs(gap) > abs(lack) and i not in held and abs(gap) > ROUNDING * (1.0 + abs(q[i])):
            worst, lack = i, gap
    return worst, lack


def _move_to_bound(i: int, lack: float, e: Floats, held: list[int], gram: list[Floats]) -> bool:
    """Move projection i by `lack`, changing `e` and `held`; False if the held caps leave no direction for it."""
    sign = 1.0 if lack > 0 else -1.0
    for _ in range(len(held) + 1):  # every round but the last drops at least one cap, so this ends
        # Raising eᵢ by t moves the held projections; changing their e by −t·pull brings them back to their bounds.
        pull = _solve_linear([[gram[a][b] for b in held] for a in held], [gram[i][a] for a in held])
        # What projection i gains per t: the part of direction i that no held direction has.
        gain = gram[i][i] - sum([gram[i][a] * x for a, x in zip(held, pull, strict=True)])
        # t at which each held multiplier reaches zero; beyond it the cap would pull instead of push: it is dropped.
        zeros = {a: abs(e[a] / x) for a, x in zip(held, pull, strict=True) if e[a] * sign * x > 0}
        whole = abs(lack) / gain if gain > DEPENDENT else None
        if whole is None and not zeros:
            return False  # direction i is a combination of held ones, and none of them can yield
        step = min([*zeros.values(), *([] if whole is None else [whole])])
        e[i] += sign * step
        for a, x in zip(held, pull, strict=True):
            e[a] = 0.0 if zeros.get(a, step + 1.0) <= step else e[a] - sign * step * x
        held[:] = [a for a in held if zeros.get(a, step + 1.0) > step]
        lack -= sign * step * gain
        if step == whole:
            held.append(i)
            break
    return True


def _solve_linear(matrix: list[Floats], right: Floats) -> Floats:
    """Gaussian elimination without pivoting: held directions are independent, so every pivot is positive."""
    n = len(right)
    if n < 2:
        return [right[0] / matrix[0][0]] if n else []
    rows = [[*line, x] for line, x in zip(matrix, right, strict=True)]
    for i in range(n):
        for j in range(i + 1, n):
            factor = rows[j][i] / rows[i][i]
            rows[j] = [x - factor * y for x, y in zip(rows[j], rows[i], strict=True)]
    out = [0.0] * n
    for i in reversed(range(n)):
        out[i] = (rows[i][n] - sum(rows[i][j] * out[j] for j in range(i + 1, n))) / rows[i][i]
    return out


# Compiled: a table of all 3^C states.


@dataclass(frozen=True)
class CapTable:
    """The capped rows of one layer's program on its device, prepared for `correct_projections`."""

    rows: Tensor
    gram: Tensor
    inverse: Tensor
    sides: Tensor

    @staticmethod
    def from_gram(
        gram: NDArray[np.float64], capped: list[int], device: torch.device, dtype: torch.dtype = torch.float32
    ) -> CapTable | None:
        """None where the states are too many to try, or where one cap has the closed form."""
        if len(gram) == 1 or len(capped) > TABLE_CAPS:
            return None
        small = gram[np.ix_(capped, capped)]
        arrays = small, active_inverses(small, len(capped)), cap_states(len(capped))
        tensors = [torch.as_tensor(x, dtype=dtype, device=device) for x in arrays]
        return CapTable(torch.tensor(capped, device=device), *tensors)

    def correct(self, q: Tensor, floor: Tensor, ceiling: Tensor) -> Tensor:
        """Correction e for rows [..., K] of the whole program."""
        at, low, high = (self._capped(x.expand_as(q)) for x in (q, floor, ceiling))
        e = correct_projections(at, low, high, self.gram, self.inverse, self.sides)
        return torch.zeros_like(q).index_copy(-1, self.rows, e.view(*q.shape[:-1], -1))

    def _capped(self, x: Tensor) -> Tensor:
        """[B, C]: the capped columns of [..., K], finite."""
        return x.index_select(-1, self.rows).reshape(-1, len(self.rows)).clamp(-NEVER, NEVER)


@lru_cache(maxsize=8)
def cap_states(caps: int) -> NDArray[np.float64]:
    """[2, C, 3^C]: which caps are at their floor, which at their ceiling; the empty state comes first."""
    found = np.array(list(product((0, 1, -1), repeat=caps))).T
    return np.stack([found == 1, found == -1]).astype(np.float64)


def active_inverses(gram: NDArray[np.float64], caps: int) -> NDArray[np.float64]:
    """[…, C, C, 3^C]: inverse of the active part of each Gram matrix […, C, C], zero elsewhere."""
    active = cap_states(caps).sum(0).T
    # Floor and ceiling of the same caps share one inverse: 2^C matrices instead of 3^C.
    subsets, which = np.unique(active, axis=0, return_inverse=True)
    masked = gram[..., None, :, :] * subsets[:, :, None] * subsets[:, None, :]
    # Masked rows and columns are zero, and the pseudo-inverse leaves them zero.
    found: NDArray[np.float64] = np.linalg.pinv(masked, rcond=1e-9, hermitian=True)
    return np.moveaxis(found[..., which, :, :], -3, -1)


def correct_projections(
    q: Tensor, floor: Tensor, ceiling: Tensor, gram: Tensor, inverse: Tensor, sides: Tensor
) -> Tensor:
    """Correction e [B, C] for projections q [B, C], with one layer's gram [C, C] and inverse [C, C, 3^C].

    Each of C caps is free, at its floor or at its ceiling. `sides` is the result of `cap_states`. The states are the
    last axis everywhere, so that a CPU vectorises over them.
    """
    low, high, q = floor[..., None], ceiling[..., None], q[..., None]
    at_floor, at_ceiling = sides[0], sides[1]
    # In each state the correction is linear in the distance to its bounds: e = (bound − q) · G_SS⁻¹.
    missing = at_floor * low + at_ceiling * high - (at_floor + at_ceiling) * q
    e = (missing[:, :, None] * inverse).sum(1)
    after = q + (e[:, :, None] * gram[..., None]).sum(1)
    # The minimum is the one state without a violation of the conditions; rounding leaves a small one.
    outside = torch.maximum(low - after, after - high)
    wrong_way = torch.maximum(at_ceiling * e, -at_floor * e)
    best = torch.maximum(outside, wrong_way).amax(1).argmin(-1)
    return e.gather(-1, best[:, None, None].expand(-1, e.shape[1], 1))[..., 0]
