"""All methods by name, and the sign and length that each direction gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from core.errors import UsageError
from vectors.methods.assistant_axis import assistant_axis
from vectors.methods.classes import Classes, Direction
from vectors.methods.logistic import logistic_direction
from vectors.methods.mean import mean_direction
from vectors.methods.pca_centered import pca_centered
from vectors.methods.pca_diff import WARNING, pca_diff


@dataclass(frozen=True)
class Method:
    """`own_length`: the formula gives a length; otherwise the direction gets that of the class gap along it."""

    fit: Callable[[Classes], Direction]
    own_length: bool
    warning: str = ""


METHODS: Mapping[str, Method] = {
    "mean": Method(mean_direction, True),
    "pca-centered": Method(pca_centered, False),
    "pca-diff": Method(pca_diff, False, WARNING),
    "logistic": Method(logistic_direction, False),
    "assistant-axis": Method(assistant_axis, True),
}


def find_method(name: str) -> Method:
    if name not in METHODS:
        raise UsageError(f"no method {name!r}; there is {', '.join(METHODS)}")
    return METHODS[name]


def fit_direction(name: str, classes: Classes) -> Direction:
    """The raw vector of one layer, pointing from the negative class to the positive one."""
    chosen = find_method(name)
    raw = chosen.fit(classes)
    length = float(np.linalg.norm(raw))
    if chosen.own_length or length == 0:
        return raw
    # The other methods define a line only: sign and length come from the classes.
    unit = orient_direction(raw / length, classes)
    return unit * (abs(classes.gap(unit)) or 1.0)


def orient_direction(unit: Direction, classes: Classes) -> Direction:
    """repeng's vote: the sign is reversed if more pairs have p⁺ < p⁻ than p⁺ > p⁻."""
    apart = classes.differences.projections(unit)
    return -unit if np.count_nonzero(apart < 0) > np.count_nonzero(apart > 0) else unit
