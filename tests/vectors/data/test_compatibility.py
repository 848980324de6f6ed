"""Which vector belongs on which model, and vectors against each other, held against independent arithmetic."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import vectors
from core.errors import ModelError
from tests.vectors import samples
from vectors.data import card, compare, compatibility, model_shape
from vectors.data.metadata import About
from vectors.data.model_shape import ModelShape

MODEL = ModelShape("maker/Tiny-6L", samples.DEPTH, samples.WIDTH, "llama")


def test_a_vector_of_this_model_raises_no_doubt() -> None:
    assert compatibility.compatibility_warnings(samples.vector(), MODEL) == ()
    assert (
        compatibility.compatibility_warnings(samples.vector(), replace(MODEL, name="/models/tiny-6l")) == ()
    )


def test_width_and_depth_must_fit(tmp_path: Path) -> None:
    samples.vector().save(tmp_path / "axis.gguf")
    with pytest.raises(vectors.VectorFileError, match=r"axis.gguf: vector 24, model 2048 dimensions"):
        vectors.read(tmp_path / "axis.gguf", model=samples.Model(hidden_size=2048))
    with pytest.raises(vectors.VectorFileError, match="axis.gguf: layer 5, model has 3"):
        vectors.read(tmp_path / "axis.gguf", model=samples.Model(n_layers=3))


def test_a_vector_of_another_family_needs_force() -> None:
    other = replace(MODEL, model_type="qwen2")
    with pytest.raises(vectors.VectorFileError, match=r"made on a llama model, .* is qwen2 \(--force"):
        compatibility.admit_vector(samples.vector(), other)
    assert "is qwen2" in compatibility.admit_vector(samples.vector(), other, force=True).warnings[0]


@pytest.mark.parametrize(
    ("model", "doubt"),
    [
        (replace(MODEL, name="maker/Other-6L"), "made on maker/Tiny-6L, this is maker/Other-6L"),
        (replace(MODEL, n_layers=9), "made on a model of 6 layers, this one has 9"),
    ],
)
def test_another_model_is_a_warning(model: ModelShape, doubt: str) -> None:
    assert doubt in compatibility.admit_vector(samples.vector(), model).warnings


def test_a_single_layer_is_a_warning() -> None:
    assert "only layer 2 of 6" in compatibility.compatibility_warnings(samples.vector(layers=(2,)), MODEL)


def test_a_shape_is_read_from_a_config_alone(tmp_path: Path) -> None:
    config = {
        "model_type": "gemma3",
        "text_config": {"model_type": "gemma3_text", "hidden_size": 8, "n_layer": 4},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert model_shape.shape_of_folder(tmp_path, "g") == ModelShape("g", 4, 8, "gemma3_text")
    for text in ("", "[]", "{}", '{"hidden_size": -3, "num_hidden_layers": 2}'):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(ModelError):
            model_shape.shape_of_folder(tmp_path)


def test_neighbour_cosines_equal_a_naive_computation() -> None:
    vector = samples.vector(layers=(0, 1, 2, 4))
    pairs = card.layer_consistency(vector.units).pairs
    for layer in (0, 1):
        a, b = (vector.raw(place).astype(np.longdouble) for place in (layer, layer + 1))
        naive = sum(x * y for x, y in zip(a, b, strict=True)) / (sum(a * a) * sum(b * b)) ** 0.5
        assert pairs[layer] == pytest.approx(float(naive), abs=1e-6)
    assert set(pairs) == {0, 1}


def test_consistency_is_one_for_a_constant_vector_and_within_its_band_for_random_ones() -> None:
    width = 400
    constant = vectors.SteeringVector(dict.fromkeys(range(9), samples.rows(width=width)[0]))
    assert constant.card.consistency.mean == pytest.approx(1.0, abs=1e-6)
    rows = {layer: samples.rows(seed=layer, width=width)[0] for layer in range(200)}
    random = vectors.SteeringVector(rows).card.consistency
    outside = sum(abs(cosine) > random.band for cosine in random.pairs.values())
    assert random.band == pytest.approx(3 / width**0.5)
    assert outside <= 4  # three standard deviations: 0.27 % of 199 expected
    assert abs(random.mean or 0) < random.band / 5
    assert vectors.SteeringVector({3: rows[0]}).card.consistency.mean is None


def test_cosines_between_vectors_are_planted_and_null() -> None:
    a, b = samples.vector(1), samples.vector(2)
    assert compare.layer_cosines(a, a).mean == pytest.approx(1.0, abs=1e-6)
    assert compare.layer_cosines(a, (-a)).mean == pytest.approx(-1.0, abs=1e-6)
    assert compare.layer_cosines(a, b.orthogonalise(a)).mean == pytest.approx(0.0, abs=1e-6)
    narrow = vectors.SteeringVector({0: samples.rows(width=5)[0]})
    with pytest.raises(vectors.VectorFileError, match="24 and 5 dimensions"):
        compare.layer_cosines(a, narrow)
    assert compare.layer_cosines(a.only([0]), b.only([1])).mean is None


def test_a_planted_mixture_is_taken_apart_again() -> None:
    a, b, noise = samples.vector(1).renormalise(), samples.vector(2).renormalise(), samples.vector(3)
    target = 0.75 * a - 0.5 * b
    for layer, mixture in compare.decompose_vector(target, [a, b]).items():
        assert np.array(mixture.coefficients) * target.norms[layer] == pytest.approx([0.75, -0.5], abs=1e-5)
        assert mixture.residual < 1e-6
    for layer, mixture in compare.decompose_vector(noise.orthogonalise(a, b), [a, b]).items():
        assert mixture.residual == pytest.approx(1.0, abs=1e-6), layer
    with pytest.raises(vectors.VectorFileError, match="share no layer"):
        compare.decompose_vector(target, [])


def test_the_same_part_twice_does_not_break_the_solution() -> None:
    a = samples.vector(1)
    for mixture in compare.decompose_vector(a, [a, a]).values():
        assert sum(mixture.coefficients) == pytest.approx(1.0, abs=1e-6)


def test_about_survives_its_own_metadata() -> None:
    about = samples.vector().about
    assert About.from_strings(about.to_strings()) == about
    assert About.from_strings({}) == About()
