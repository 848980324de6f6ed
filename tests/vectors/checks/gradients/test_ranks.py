"""Nulls and ranks on numbers alone: a planted direction, unrelated ones, and labels shuffled half and half."""

from __future__ import annotations

import numpy as np
import pytest

from vectors.checks.gradients.nulls import (
    COUNT,
    NullClass,
    covariance_nulls,
    orthogonal_rows,
    random_nulls,
    shuffled_nulls,
)
from vectors.checks.gradients.ranks import candidate_bands, rank_by_norm
from vectors.checks.gradients.slopes import PropensityGradient, SampledScores, measure_slopes
from vectors.checks.verdict import acting_sign, ranks_are_red

LAYERS, WIDTH, TEXTS = 6, 48, 20
BANDS = [(1,), (2, 3), (4,)]


def world(seed: int = 0) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray], np.ndarray]:
    """States with an anisotropic spread, pair differences along a trait, and a gradient that reads the trait."""
    chance = np.random.default_rng(seed)
    trait = chance.standard_normal((LAYERS, WIDTH)).astype(np.float32)
    trait /= np.linalg.norm(trait, axis=1, keepdims=True)
    spread = chance.standard_normal((LAYERS, WIDTH, WIDTH)).astype(np.float32) * np.geomspace(1, 0.1, WIDTH)
    states, differences = {}, {}
    for layer in range(LAYERS):
        base = chance.standard_normal((TEXTS // 2, WIDTH)).astype(np.float32) @ spread[layer]
        difference = 3 * trait[layer] + chance.standard_normal((TEXTS // 2, WIDTH)) @ spread[layer] * 0.3
        differences[layer] = difference.astype(np.float32)
        states[layer] = np.concatenate([base + difference / 2, base - difference / 2]).astype(np.float32)
    gradient = trait + 0.02 * chance.standard_normal(trait.shape)
    return states, differences, gradient.astype(np.float32)


def classes(units: dict[int, np.ndarray], seed: int = 0) -> list[NullClass]:
    states, differences, _ = world()
    return [
        random_nulls(WIDTH, seed),
        covariance_nulls(states, units, seed),
        shuffled_nulls(differences, units, seed),
    ]


def units_of(rows: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    return {layer: (row / np.linalg.norm(row)).astype(np.float32) for layer, row in rows.items()}


def made_from(differences: dict[int, np.ndarray], signs: np.ndarray | None = None) -> dict[int, np.ndarray]:
    weights = np.ones(TEXTS // 2) if signs is None else signs
    return units_of({layer: weights @ rows for layer, rows in differences.items()})


def test_nulls_are_unit_rows_and_the_last_two_orthogonal() -> None:
    units = made_from(world()[1])
    for null in classes(units):
        for layer in (0, 3):
            rows = null.rows(layer)
            assert rows.shape == (COUNT, WIDTH)
            np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
            np.testing.assert_array_equal(rows, null.rows(layer))
            along = np.abs(rows @ units[layer])
            assert (along.max() < 1e-5) == (null.name != "random"), null.name


def test_covariance_nulls_have_the_spread_of_the_texts() -> None:
    states, differences, _ = world()
    null = covariance_nulls(states, made_from(differences), 0)
    # The leading axis of the texts carries more of these nulls than of random ones.
    centred = states[2] - states[2].mean(axis=0)
    lead = np.linalg.svd(centred, full_matrices=False)[2][0]
    assert np.square(null.rows(2) @ lead).mean() > 4 / WIDTH
    assert np.square(random_nulls(WIDTH, 0).rows(2) @ lead).mean() == pytest.approx(1 / WIDTH, rel=0.25)


def test_a_row_along_the_vector_is_no_null() -> None:
    unit = np.eye(4, dtype=np.float32)[0]
    rows = np.array([[2, 0, 0, 0], [1, 1, 0, 0]], np.float32)
    np.testing.assert_allclose(orthogonal_rows(rows, unit), [[0, 0, 0, 0], [0, 1, 0, 0]])


def test_a_planted_direction_beats_every_null_of_every_class() -> None:
    _, differences, gradient = world()
    units = made_from(differences)
    ranks = rank_by_norm(classes(units), gradient, units, BANDS)
    assert [rank.above for rank in ranks] == [0, 0, 0]
    assert [rank.p_norm() for rank in ranks] == [0.001] * 3
    assert not ranks_are_red(ranks)
    assert acting_sign(ranks) == 1
    flipped = {layer: -unit for layer, unit in units.items()}
    assert acting_sign(rank_by_norm(classes(flipped), gradient, flipped, BANDS)) == -1


def test_random_directions_and_shuffled_halves_are_red() -> None:
    _, differences, gradient = world()
    own = made_from(differences)
    chance, red = np.random.default_rng(9), []
    for number in range(40):
        units = units_of({layer: chance.standard_normal(WIDTH) for layer in range(LAYERS)})
        if number % 2:
            signs = np.ones(TEXTS // 2)
            signs[chance.permutation(TEXTS // 2)[: TEXTS // 4]] = -1
            shuffled = made_from(differences, signs)
            # With the true part taken out: what is left of a balanced shuffle is no trait.
            units = {layer: orthogonal_rows(row[None], own[layer])[0] for layer, row in shuffled.items()}
        red.append(ranks_are_red(rank_by_norm(classes(units), gradient, units, BANDS)))
    assert sum(red) >= 38


def test_the_nulls_choose_their_band_as_the_vector_does() -> None:
    """A gradient that one layer alone carries: on this layer alone the nulls have fewer chances."""
    _, differences, gradient = world()
    units = made_from(differences)
    weak = {layer: (0.2 * units[layer] + np.eye(WIDTH)[layer]).astype(np.float32) for layer in units}
    nulls = [random_nulls(WIDTH, 0)]
    one = rank_by_norm(nulls, gradient, weak, [BANDS[0]])[0].above
    several = rank_by_norm(nulls, gradient, weak, [BANDS[0], BANDS[0], BANDS[2]])[0]
    best = max(rank_by_norm(nulls, gradient, weak, [band])[0].above for band in (BANDS[0], BANDS[2]))
    assert one <= best
    assert several.above >= min(one, best)


def test_slopes_of_pairs_and_parts_add_up() -> None:
    chance = np.random.default_rng(2)
    by_part = chance.standard_normal((5, 2, LAYERS, WIDTH)).astype(np.float32)
    push = {layer: chance.standard_normal(WIDTH).astype(np.float32) for layer in range(LAYERS)}
    gradient = PropensityGradient(by_part, (0.0,) * 5)
    found = measure_slopes(gradient, push, BANDS, [random_nulls(WIDTH, 0, 99)], acting_sign)
    assert abs(np.mean(found.pairs)) == pytest.approx(abs(found.slope))
    assert found.prompt + found.answer == pytest.approx(found.slope, abs=1e-4)
    assert found.band == BANDS[int(np.argmax(found.sign * np.array(found.slopes)))]


def test_kappa_is_the_kl_of_a_softmax() -> None:
    """Logits Wδ over five words: κ̂ from its own samples is the second-order KL."""
    chance = np.random.default_rng(3)
    readout = chance.standard_normal((5, WIDTH))
    logits = chance.standard_normal(5)
    p = np.exp(logits) / np.exp(logits).sum()
    words = chance.choice(5, 20000, p=p)
    scores = np.zeros((LAYERS, WIDTH, len(words)), np.float32)
    scores[1] = (readout[words] - p @ readout).T
    push = {layer: 0.02 * chance.standard_normal(WIDTH).astype(np.float32) for layer in range(LAYERS)}
    steered = logits + readout @ push[1]
    q = np.exp(steered) / np.exp(steered).sum()
    kl = float((q * np.log(q / p)).sum())
    assert SampledScores(scores, len(words)).kappa(push, (1,)) == pytest.approx(kl, rel=0.1)


def test_bands_leave_the_first_fifth_unless_it_is_named() -> None:
    bands = candidate_bands(30, range(30), own=[12, 13])
    assert bands == [
        tuple(range(6, 12)),
        tuple(range(10, 16)),
        tuple(range(14, 20)),
        tuple(range(18, 24)),
        (12, 13),
    ]
    assert candidate_bands(30, range(30), own=[0, 1, 2, 3]) == bands[:4]
    assert candidate_bands(30, [2], own=None) == [(2,)]
