"""Assistant Axis: v = mean(default) − mean over roles of (mean of the role), arXiv 2601.10387.

Every role has the same weight, however many texts it has: the axis leads away from all characters rather
than from the most frequent one. Without named roles it equals the difference of means.
"""

from __future__ import annotations

import numpy as np

from vectors.methods.classes import Classes, Direction


def assistant_axis(classes: Classes) -> Direction:
    return classes.positive.mean() - np.mean(role_means(classes), axis=0)


def role_means(classes: Classes) -> list[Direction]:
    # Without names, all texts belong to one role.
    roles = np.array(classes.roles or ("",) * classes.negative.count)
    names = list(dict.fromkeys(roles.tolist()))
    sums, start = {name: np.zeros(classes.negative.width) for name in names}, 0
    for rows in classes.negative.blocks():
        names_here = roles[start : start + len(rows)]
        for name in set(names_here.tolist()):
            sums[name] += rows[names_here == name].sum(0)
        start += len(rows)
    return [sums[name] / np.count_nonzero(roles == name) for name in names]
