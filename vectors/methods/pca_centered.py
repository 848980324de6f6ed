"""PCA of centred pairs (repeng's `pca_center`, Vogel 2024).

Each pair is centred on its own midpoint, which leaves the rows ±Dᵢ/2: their mean is zero by construction, so
the first component is the top right singular vector of the uncentred D. It keeps the mean difference.
"""

from __future__ import annotations

from vectors.methods.classes import Classes, Direction
from vectors.methods.principal import leading_direction


def pca_centered(classes: Classes) -> Direction:
    return leading_direction(classes.differences)
