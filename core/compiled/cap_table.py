"""Solves joint caps by enumeration: a graph cannot iterate until convergence, but it can try every case at
once.

Each of C caps is free, at its floor or at its ceiling: 3^C states, 81 for four. For each state the correction
is linear in the distance to the bounds, e = (bound − q) · G_SS⁻¹, with inverses computed beforehand. Exactly
one state satisfies the conditions of the smallest correction (Karush–Kuhn–Tucker): every projection inside
its bounds, e ≥ 0 at a floor, e ≤ 0 at a ceiling. The state with the smallest violation is taken.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

NEVER = 1e30
"""A bound that does not bind; an infinity would make 0·∞ in the states where it is not active."""


@lru_cache(maxsize=8)
def cap_states(caps: int) -> NDArray[np.float64]:
    """[2, C, 3^C]: which caps are at their floor, which at their ceiling; the empty state comes first."""
    found = np.array(list(product((0, 1, -1), repeat=caps))).T
    return np.stack([found == 1, found == -1]).astype(np.float64)


def active_inverses(gram: NDArray[np.float64], caps: int) -> NDArray[np.float64]:
    """[…, C, C, 3^C]: inverse of the active part of each Gram matrix […, C, C], zero elsewhere."""
    active = cap_states(caps).sum(0).T
    subsets, which = np.unique(active, axis=0, return_inverse=True)
    masked = gram[..., None, :, :] * subsets[:, :, None] * subsets[:, None, :]
    found: NDArray[np.float64] = np.linalg.pinv(masked, rcond=1e-9, hermitian=True)
    return np.moveaxis(found[..., which, :, :], -3, -1)


def correct_projections(
    q: Tensor, floor: Tensor, ceiling: Tensor, gram: Tensor, inverse: Tensor, sides: Tensor
) -> Tensor:
    """Correction e [B, C] for projections q [B, C], with one layer's gram [C, C] and inverse [C, C, 3^C].

    `sides` is the result of `cap_states`. The states are the last axis everywhere, so that a CPU vectorises
    over them.
    """
    low, high, q = floor[..., None], ceiling[..., None], q[..., None]
    at_floor, at_ceiling = sides[0], sides[1]
    missing = at_floor * low + at_ceiling * high - (at_floor + at_ceiling) * q
    e = (missing[:, :, None] * inverse).sum(1)
    after = q + (e[:, :, None] * gram[..., None]).sum(1)
    outside = torch.maximum(low - after, after - high)
    wrong_way = torch.maximum(at_ceiling * e, -at_floor * e)
    best = torch.maximum(outside, wrong_way).amax(1).argmin(-1)
    return e.gather(-1, best[:, None, None].expand(-1, e.shape[1], 1))[..., 0]
