"""The vector type: what it promises about its numbers, its arithmetic and its own file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import vectors
from core.errors import UsageError
from tests.vectors import samples
from vectors.data.metadata import About

WIDTH = 48
STATS = {
    3: {
        "positive": {"mean": 4.0, "std": 1.0, "p5": 2.0, "p25": 3.0, "p50": 4.0, "p75": 5.0, "p95": 6.0},
        "negative": {"mean": -1.0, "std": 2.0, "p5": -4.0, "p25": -2.0, "p50": -1.0, "p75": 0.0, "p95": 2.0},
        "midpoint": 1.5,
    }
}


def made(seed: int = 0, layers: tuple[int, ...] = (2, 3, 4), scale: float = 7.3) -> vectors.SteeringVector:
    generator = torch.Generator().manual_seed(seed)
    rows = {layer: torch.randn(WIDTH, generator=generator) * scale for layer in layers}
    return vectors.SteeringVector(rows, about=About(name="made", stats=STATS))


def test_directions_are_unit_float32_and_norms_are_the_lengths() -> None:
    generator = torch.Generator().manual_seed(5)
    raw = torch.randn(WIDTH, generator=generator) * 40
    vector = vectors.SteeringVector({6: raw})
    assert vector.directions[6].dtype == torch.float32
    assert float(vector.directions[6].double().norm()) == pytest.approx(1.0, abs=1e-7)
    assert vector.norms[6] == pytest.approx(float(raw.double().norm()), rel=1e-12)


def test_a_unit_row_keeps_its_bits() -> None:
    unit = made().directions[3]
    assert torch.equal(vectors.SteeringVector({3: unit}).directions[3], unit)


def test_native_round_trip_keeps_every_bit_and_every_fact(tmp_path: Path) -> None:
    vector = made()
    vector.save(tmp_path / "made.safetensors")
    back = vectors.read(tmp_path / "made.safetensors")
    for layer in vector.layers:
        assert torch.equal(back.directions[layer], vector.directions[layer])
        assert np.array_equal(back.raw(layer), vector.raw(layer))
    assert dict(back.norms) == dict(vector.norms)
    assert back.about == vector.about
    assert back.sha256 == vector.sha256 == back.card.sha256


def test_the_native_file_is_what_the_page_says(tmp_path: Path) -> None:
    made().save(tmp_path / "made.safetensors")
    with safe_open(tmp_path / "made.safetensors", "pt") as file:
        assert sorted(file.keys()) == ["layer.2", "layer.3", "layer.4"]
        metadata = file.metadata()
        assert torch.equal(file.get_tensor("layer.2"), torch.tensor(made().raw(2)))
    assert metadata["format"] == "steertui/2"
    assert metadata["site"] == "post"
    assert set(json.loads(metadata["raw_norms"])) == {"2", "3", "4"}


def test_a_file_made_by_the_library_reads_with_its_statistics(tmp_path: Path) -> None:
    unit = made().directions
    metadata = {
        "format": "steertui/1",
        "site": "block_output",
        "name": "starter",
        "n_layers": "10",
        "hidden_size": str(WIDTH),
        "raw_norms": json.dumps({"3": 2.5}),
        "stats": json.dumps(STATS),
        "suggestion": json.dumps({"layers": [3], "unit": "natural", "scale": 0.3, "split": False}),
    }
    save_file({"layer.3": unit[3]}, tmp_path / "starter.safetensors", metadata)
    vector = vectors.read(tmp_path / "starter.safetensors")
    assert vector.name == "starter"
    assert vector.norms[3] == 2.5
    assert vector.gaps[3] == 5.0
    assert vector.percentile(3, 25) == 3.0
    assert vector.percentile(3, 37.5) == 3.5
    assert vector.percentile(3, 1) is None
    assert vector.percentile(9, 25) is None
    assert vector.suggestion is not None
    assert vector.suggestion["layers"] == [3]


def test_the_hash_follows_layer_direction_and_length() -> None:
    vector = made()
    hashes = {
        vector.sha256,
        (-vector).sha256,
        (2 * vector).sha256,
        vector.only([2, 3]).sha256,
        vectors.SteeringVector({layer + 1: vector.raw(layer) for layer in vector.layers}).sha256,
    }
    assert len(hashes) == 5
    assert made().sha256 == vector.sha256


def test_algebra_is_that_of_the_raw_vectors() -> None:
    a, b = made(1), made(2)
    for layer in a.layers:
        raw_a, raw_b = (torch.tensor(v.raw(layer)).double() for v in (a, b))
        for result, expected in (
            (a + b, raw_a + raw_b),
            (a - 2 * b, raw_a - 2 * raw_b),
            (-a / 4, -raw_a / 4),
        ):
            raw = result.directions[layer].double() * result.norms[layer]
            assert torch.allclose(raw, expected, rtol=0, atol=1e-5)


def test_negation_mirrors_the_statistics_and_twice_is_nothing() -> None:
    vector = made()
    there = -vector
    assert (-there).about.stats == vector.about.stats
    assert -there == vector
    assert (-vector).about.stats[3]["positive"]["mean"] == 1.0
    assert (-vector).percentile(3, 25) == 0.0
    assert (-vector).gaps[3] == vector.gaps[3]


def test_what_cancels_is_refused_in_words() -> None:
    with pytest.raises(vectors.VectorFileError, match="every layer cancels"):
        made() - made()


def test_a_blend_of_unit_vectors_has_the_norm_of_the_formula() -> None:
    a, b = made(1), made(2)
    for layer, norm in a.blend(b).norms.items():
        cosine = float(a.directions[layer].double() @ b.directions[layer].double())
        assert norm == pytest.approx(((1 + cosine) / 2) ** 0.5, rel=1e-5)
    assert set(a.renormalise().norms.values()) == {1.0}


def test_orthogonalise_leaves_nothing_along_any_of_the_others() -> None:
    a, b, c = made(1), made(2), made(3)
    left = a.orthogonalise(b, c, b)
    for layer in a.layers:
        for other in (b, c):
            assert abs(float(left.directions[layer].double() @ other.directions[layer].double())) < 1e-6
        assert left.norms[layer] < a.norms[layer]


def test_arrays_tensors_and_lists_make_the_same_vector() -> None:
    rows = {2: torch.randn(WIDTH, generator=torch.Generator().manual_seed(4), requires_grad=True)}
    arrays = {layer: row.detach().numpy() for layer, row in rows.items()}
    lists = {layer: row.tolist() for layer, row in arrays.items()}
    one, two, three = map(vectors.SteeringVector, (rows, arrays, lists))
    assert one == two == three
    arrays[2][:] = 1.0
    assert two == one
    halves = {2: rows[2].detach().bfloat16()}
    assert np.array_equal(vectors.SteeringVector(halves).raw(2), halves[2].float().numpy())


def test_poles_and_site_are_kept_and_turn_with_the_vector(tmp_path: Path) -> None:
    about = About(name="post", poles=("calm", "hurried"), site="mlp", n_layers=6)
    vector = made().with_about(about)
    for suffix in ("safetensors", "gguf"):
        vector.save(tmp_path / f"made.{suffix}")
        assert vectors.read(tmp_path / f"made.{suffix}").about == about
    assert (-vector).about.poles == ("hurried", "calm")
    assert vector.card.to_json()["site"] == "mlp"
    assert made().card.to_json()["site"] == "block_output"
    assert made().about.to_strings().keys() == {"name", "stats"}


def test_a_vector_of_another_site_is_not_added_to_the_block_output(tmp_path: Path) -> None:
    vector = made().with_about(About(site="mlp"))
    vector.save(tmp_path / "made.safetensors")
    with pytest.raises(vectors.VectorFileError, match="made for site mlp; only vectors of the block output"):
        vectors.read(tmp_path / "made.safetensors", model=samples.Model(6, WIDTH))
    with pytest.raises(vectors.VectorFileError, match="site post and one of mlp"):
        made() + vector


def test_a_vector_cannot_be_changed() -> None:
    vector = made()
    for field in ("rows", "about", "origin", "norms", "sha256"):
        with pytest.raises(AttributeError):
            setattr(vector, field, {})
    with pytest.raises(TypeError):
        vector.rows[3] = vector.rows[2]  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        vector.raw(3)[0] = 1.0
    with pytest.raises(TypeError):
        vector.directions[3] = torch.zeros(WIDTH)  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        vector.units[3][0] = 1.0


@pytest.mark.parametrize("factor", [0.0, float("nan"), float("inf")])
def test_no_vector_is_nothing(factor: float) -> None:
    with pytest.raises(UsageError, match="finite number other than 0"):
        factor * made()


LOWER = {
    "statistics": ("data", "files", "vector", "library"),
    "data": ("files", "vector", "vector_file", "library"),
    "files": ("vector", "vector_file", "library"),
    "vector": ("vector_file", "library"),
}


@pytest.mark.parametrize("name", LOWER)
def test_what_a_vector_is_made_of_imports_nothing_above_it(name: str) -> None:
    place = Path(vectors.__file__).parent / name
    parts = [".".join(("vectors", name, path.stem)) for path in place.glob("*.py")] or [f"vectors.{name}"]
    program = f"""
import importlib, sys
for part in {sorted(part.removesuffix(".__init__") for part in parts)!r}:
    importlib.import_module(part)
print([above for above in {LOWER[name]!r} if "vectors." + above in sys.modules], "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"
