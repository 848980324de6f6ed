"""Ranks of many vectors at once are those that the check takes one by one."""

import numpy as np

from bench.null_ranks import class_gaps, rank_many
from vectors.checks.class_states import ClassStates
from vectors.checks.gradients.nulls import CLASSES
from vectors.checks.gradients.ranks import rank_by_norm
from vectors.checks.propensity import null_classes

LAYERS, WIDTH, TEXTS = 6, 48, 20
BANDS = [(1, 2), (2, 3), (4, 5)]


def world() -> tuple[ClassStates, np.ndarray, np.ndarray]:
    """States that lie apart along a trait, units of that trait and of nothing, and a gradient that reads the trait."""
    chance = np.random.default_rng(3)
    trait = chance.standard_normal((LAYERS, WIDTH)).astype(np.float32)
    trait /= np.linalg.norm(trait, axis=1, keepdims=True)
    noise = chance.standard_normal((2, LAYERS, TEXTS, WIDTH)).astype(np.float32)
    sides = np.tile([1.0, -1.0], TEXTS // 2)[:, None].astype(np.float32)
    made, held = (
        {layer: noise[half, layer] + sides * trait[layer] for layer in range(LAYERS)} for half in (0, 1)
    )
    nothing = chance.standard_normal((4, LAYERS, WIDTH)).astype(np.float32)
    units = np.concatenate([trait[None], nothing / np.linalg.norm(nothing, axis=2, keepdims=True)])
    gradient = trait + 0.05 * chance.standard_normal(trait.shape).astype(np.float32)
    return ClassStates(made, held, False), units, gradient


def test_they_are_the_ranks_of_the_check() -> None:
    states, units, gradient = world()
    many = rank_many(units, gradient, states, BANDS)
    for number, rows in enumerate(units):
        gaps = {layer: float(class_gaps(states, rows[None, layer], layer)[0]) for layer in range(LAYERS)}
        pushes = {layer: rows[layer] * np.float32(gaps[layer]) for layer in range(LAYERS)}
        nulls = null_classes(states, {layer: rows[layer] for layer in range(LAYERS)}, 0)
        ranks = rank_by_norm(nulls, gradient, pushes, BANDS)
        assert [rank.name for rank in ranks] == list(CLASSES)
        for rank in ranks:
            assert abs(many.above[rank.name][number] - rank.above) <= 1
            assert abs(many.below[rank.name][number] - rank.below) <= 1


def test_the_trait_is_green_and_nothing_is_red() -> None:
    states, units, gradient = world()
    many = rank_many(units, gradient, states, BANDS)
    assert many.green().tolist() == [True, False, False, False, False]
    assert many.not_red().tolist() == [True, False, False, False, False]
    turned = rank_many(-units, gradient, states, BANDS)
    assert not turned.green()[0]
    assert turned.not_red()[0]
