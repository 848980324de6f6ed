"""Steering in K-space: project a state on K directions, change the K numbers, add one rank-K update.

A layer has K unit directions V [K, d] with Gram matrix G = V Vᵀ. From the projections p = V h of one token
the stages gain, scale, norm and cap compute s and w such that the steered state is  h' = s·h + w V.
`steer_array` works on whole arrays, numpy or torch, with lanes and positions as leading axes; `FloatProgram`
does the same for one token in Python floats.

    gain   c = p M,  M = (diag(g) − 1)_A G_AA⁻¹          scale  c += a
    norm   s² = ‖h‖² / (‖h‖² + 2 c·p + c G cᵀ)           cap    smallest ‖eV‖ with  floor ≤ s(p + cG) + eG ≤ ceiling
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Generic

from core.steering import caps
from core.steering.caps import Array

TINY = 1e-30


@dataclass(frozen=True)
class SteeringProgram(Generic[Array]):
    """The steering of one layer on K projections, as arrays [..., K] and [..., K, K]; None means off.

    `caps` is the table of the cap stage, for programs on a device.
    """

    gram: Array
    gain: Array | None = None
    add: Array | None = None
    keep_norm: Array | None = None
    floor: Array | None = None
    ceiling: Array | None = None
    caps: caps.CapTable | None = None


def gain_matrix(gram: Array, gains: list[float | None], xp: ModuleType) -> Array:
    """Matrix M [K, K] of the gain stage: the projections of all gained channels become g·p at the same time.

    Uses a pseudo-inverse, because a gained direction may be a combination of other gained ones.
    """
    changes = {i: g - 1.0 for i, g in enumerate(gains) if g is not None}
    matrix, on = xp.zeros_like(gram), list(changes)
    if on:
        # Only gained directions are inverted; projections on the others are free to move.
        inverse = xp.linalg.pinv(gram[on][:, on], rtol=caps.DEPENDENT, hermitian=True)
        for row, i in enumerate(on):
            matrix[i, on] = changes[i] * inverse[row]
    return matrix


def steer_array(
    p: Array, norm2: Array | None, program: SteeringProgram[Array], xp: ModuleType
) -> tuple[Array | float, Array, Array | None]:
    """Return (s, w, e): the factor on h, the coefficients on V, and the part of w that the caps added.

    `p` is [..., K]; norm2 = ‖h‖² [..., 1] is read by the norm stage only.
    """
    gram = program.gram
    c = xp.zeros_like(p) if program.gain is None else (p[..., None, :] @ program.gain)[..., 0, :]
    if program.add is not None:
        c = c + program.add
    # Projections after the push, from K numbers alone: (h + cV) Vᵀ = p + cG.
    q = p + c @ gram
    s: Array | float = 1.0
    if program.keep_norm is not None and norm2 is not None:
        # ‖h + cV‖² = ‖h‖² + c·(2p + cG), and p + q = 2p + cG.
        grown = norm2 + (c * (p + q)).sum(-1)[..., None]
        s = xp.where(program.keep_norm, (norm2 / xp.clip(grown, TINY, None)) ** 0.5, 1.0)
        # The factor s acts on the whole state, so it acts on q and on the coefficients on V too.
        q, c = s * q, s * c
    if program.floor is None or program.ceiling is None:
        return s, c, None
    # Caps follow the norm stage, so that the bounds hold for the final state.
    e = caps.correct_array(q, gram, program.floor, program.ceiling, xp, program.caps)
    return s, c + e, e
