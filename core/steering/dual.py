"""Exact solver of the cap stage: a dual active-set method (Goldfarb and Idnani 1983) on K Python floats.

It terminates for any angles between the directions and detects contradicting caps. It is slower than guessing
the active set, so `core.steering.caps` guesses first.
"""

from __future__ import annotations

ROUNDING = 1e-12
DEPENDENT = 1e-9
ROUNDS = 12

Floats = list[float]


def solve_caps(q: Floats, gram: list[Floats], floor: Floats, ceiling: Floats) -> tuple[Floats, int | None]:
    """Return (e, None), or (e, i) where cap i contradicts the others.

    Each round moves the worst violation to its bound while the active caps stay on theirs; a cap whose
    multiplier would change sign is dropped. The dual objective grows with every step, so the loop terminates.
    """
    k = range(len(q))
    e, met = [0.0] * len(q), list[int]()
    for _ in range(ROUNDS * len(q)):
        now = [q[i] + sum(e[j] * gram[j][i] for j in k if e[j]) for i in k]
        lacks = [max(floor[i] - now[i], 0.0) - max(now[i] - ceiling[i], 0.0) for i in k]
        worst = max((i for i in k if i not in met), key=lambda i: abs(lacks[i]), default=None)
        if worst is None or not abs(lacks[worst]) > ROUNDING * (1.0 + abs(q[worst])):
            return e, None
        if not _raise(worst, lacks[worst], e, met, gram):
            return e, worst
    return e, None


def _raise(i: int, lack: float, e: Floats, met: list[int], gram: list[Floats]) -> bool:
    """Move projection i by `lack`, in place; False when the active caps leave no direction to do so."""
    sign = 1.0 if lack > 0 else -1.0
    for _ in range(len(met) + 1):  # every round but the last drops an active cap
        pull = solve_linear([[gram[a][b] for b in met] for a in met], [gram[i][a] for a in met])
        gain = gram[i][i] - sum(gram[i][a] * x for a, x in zip(met, pull, strict=True))
        limits = [abs(e[a] / x) for a, x in zip(met, pull, strict=True) if e[a] * sign * x > 0]
        whole = abs(lack) / gain if gain > DEPENDENT else None
        if whole is None and not limits:
            return False
        step = min([*limits, *([] if whole is None else [whole])])
        gone = [a for a, x in zip(met, pull, strict=True) if e[a] * sign * x > 0 and abs(e[a] / x) <= step]
        e[i] += sign * step
        for a, x in zip(met, pull, strict=True):
            e[a] = 0.0 if a in gone else e[a] - sign * step * x
        met[:] = [a for a in met if a not in gone]
        lack -= sign * step * gain
        if step == whole:
            met.append(i)
            break
    return True


def solve_linear(matrix: list[Floats], right: Floats) -> Floats:
    """Gaussian elimination without pivoting, for Gram matrices; raises where rows are dependent."""
    n = len(right)
    if n == 1:
        return [right[0] / matrix[0][0]]
    rows = [[*line, x] for line, x in zip(matrix, right, strict=True)]
    for i in range(n):
        if abs(rows[i][i]) < DEPENDENT:
            raise ZeroDivisionError("dependent directions")
        for j in range(i + 1, n):
            factor = rows[j][i] / rows[i][i]
            rows[j] = [x - factor * y for x, y in zip(rows[j], rows[i], strict=True)]
    out = [0.0] * n
    for i in reversed(range(n)):
        out[i] = (rows[i][n] - sum(rows[i][j] * out[j] for j in range(i + 1, n))) / rows[i][i]
    return out
