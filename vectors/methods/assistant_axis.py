"""Assistant Axis: v = mean(default) − mean over roles of (mean of the role), arXiv 2601.10387.

Roles count alike, however many texts each has: the axis leads away from all characters rather than from the
most frequent one. Pairs without named roles make this the difference of means.
"""

from __future__ import annotations

import numpy as np

from vectors.methods.classes import Classes, Direction


def assistant_axis(classes: Classes) -> Direction:
    roles = np.array(classes.roles or ("",) * len(classes.negative))
    means = [classes.negative[roles == role].mean(0) for role in dict.fromkeys(roles.tolist())]
    axis: Direction = classes.positive.mean(0) - np.mean(means, axis=0)
    return axis
