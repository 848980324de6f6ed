"""A random vector beside another one: the control of experiments."""

from __future__ import annotations

import numpy as np

from vectors.vector import SteeringVector


def random_vector(vector: SteeringVector, seed: int) -> SteeringVector:
    """Random directions on the same layers, with the same norms and class gaps."""
    chance = np.random.default_rng(seed)
    # Independent normal entries give a direction that is uniform on the sphere.
    rows = {layer: chance.standard_normal(vector.hidden_size) for layer in vector.layers}
    return SteeringVector(rows, norms=vector.norms, about=vector.about).named(f"random {seed}")
