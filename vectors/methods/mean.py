"""Difference of means: v = mean a⁺ − mean a⁻.

Marks & Tegmark 2023; Rimsky et al. 2023 (contrastive activation addition). The default: variance within
the classes cannot turn it away from what separates them.
"""

from __future__ import annotations

from vectors.methods.classes import Classes, Direction


def mean_direction(classes: Classes) -> Direction:
    return classes.positive.mean() - classes.negative.mean()
