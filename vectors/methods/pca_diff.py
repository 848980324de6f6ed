"""PCA of the differences (repeng's `pca_diff`, its default): first component of D after its mean is removed.

The removed mean is the mean difference that all pairs share. The method finds the trait only if its
strength varies from pair to pair more than anything else does.
"""

from __future__ import annotations

from vectors.methods.classes import Classes, Direction
from vectors.methods.principal import leading_direction

WARNING = (
    "pca-diff removes the mean difference of the pairs first: where all pairs differ by the same"
    " amount it finds something else; pca-centered or mean keep it"
)


def pca_diff(classes: Classes) -> Direction:
    differences = classes.differences
    return leading_direction(differences.standardized(differences.mean()))
