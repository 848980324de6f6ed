"""Files that the program before version 2 wrote (`data/`), and what it makes of ours. `expected.json` is what
it said of each: rows, directions, norms and hash.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import vectors
from core import demo
from tests.vectors import samples
from tests.vectors.samples import unit
from vectors.data.metadata import About
from vectors.files import formats

DATA = Path(__file__).parent / "data"
EXPECTED = json.loads((DATA / "expected.json").read_text("ascii"))


def assert_expected(vector: vectors.SteeringVector, name: str) -> None:
    said = EXPECTED["files"][name]
    assert vector.sha256 == said["sha256"]
    assert list(vector.layers) == said["layers"]
    for layer in vector.layers:
        assert vector.raw(layer).tobytes().hex() == said["raw"][str(layer)]
        assert vector.units[layer].tobytes().hex() == said["units"][str(layer)]
        assert vector.norms[layer] == said["norms"][str(layer)]


@pytest.mark.parametrize("name", EXPECTED["files"])
def test_an_older_file_reads_as_it_did(name: str) -> None:
    vector = vectors.read(DATA / name)
    assert_expected(vector, name)
    assert vector.warnings == ()


@pytest.mark.parametrize("to", sorted(formats.WRITERS.keys() - {"gguf-llamacpp"}))
@pytest.mark.parametrize("name", EXPECTED["files"])
def test_an_older_file_keeps_every_bit_through_every_format(name: str, to: str, tmp_path: Path) -> None:
    before = vectors.read(DATA / name)
    before.save(tmp_path / "new", to)
    after = vectors.read(tmp_path / "new")
    assert_expected(after, name)
    assert after.about == before.about


def test_these_files_hold_the_corrections_that_only_older_files_need(tmp_path: Path) -> None:
    for name, key in (("raw.safetensors", b"raw_ulps"), ("apart.gguf", b"unit_ulps")):
        assert key in (DATA / name).read_bytes()
    vectors.read(DATA / "raw.safetensors").save(tmp_path / "raw.safetensors")
    assert b"_ulps" not in (tmp_path / "raw.safetensors").read_bytes()
    vectors.read(DATA / "apart.safetensors").save(tmp_path / "apart.safetensors")
    assert b"unit_ulps" in (tmp_path / "apart.safetensors").read_bytes()


@pytest.mark.parametrize("name", EXPECTED["starters"])
def test_a_starter_vector_keeps_its_hash_there_and_back(name: str, tmp_path: Path) -> None:
    path = demo.starter_vectors()[name]
    assert b'"steertui/1"' in path.read_bytes()
    starter = vectors.read(path)
    assert starter.sha256 == EXPECTED["starters"][name]
    starter.save(tmp_path / "copy.safetensors")
    assert b'"steertui/2"' in (tmp_path / "copy.safetensors").read_bytes()
    copy = vectors.read(tmp_path / "copy.safetensors")
    assert copy.sha256 == starter.sha256
    assert copy.norms == starter.norms
    assert all(np.array_equal(copy.units[layer], starter.units[layer]) for layer in starter.layers)


def test_what_is_made_of_vectors_hashes_as_before() -> None:
    raw, other, generator = samples.vector(seed=21), samples.vector(seed=23), np.random.default_rng(22)
    apart = vectors.SteeringVector(
        {layer: unit(generator.standard_normal(24)) for layer in (1, 2, 4)},
        norms={1: 2.7182818, 2: 0.31830988, 4: 11.00000123},
    )
    made = {
        "raw": raw,
        "apart": apart,
        "minus": -raw,
        "third": raw * 0.3,
        "back": raw * -1.7,
        "sum": raw + other,
        "difference": raw - other,
        "blend": raw.blend(other, 0.25),
        "unit": raw.renormalise(),
        "apart third": apart * 0.3,
        "minus apart": -apart,
    }
    assert {name: vector.sha256 for name, vector in made.items()} == EXPECTED["made"]


def older_sentence(metadata: dict[str, str]) -> str:
    """What the reader of version 1 does first with a file of ours, in its own words."""
    if not metadata.get("format", "").startswith("steertui/"):
        return "not ours: its rows are taken for raw rows"
    if metadata["format"] != "steertui/1":
        return f"written as {metadata['format']}; this version reads steertui/1"
    return ""


def test_an_older_program_refuses_version_2_in_a_sentence(tmp_path: Path) -> None:
    samples.vector().save(tmp_path / "new.safetensors")
    data = (tmp_path / "new.safetensors").read_bytes()
    metadata = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    assert older_sentence(metadata) == "written as steertui/2; this version reads steertui/1"
    old = (DATA / "raw.safetensors").read_bytes()
    assert older_sentence(json.loads(old[8 : 8 + int.from_bytes(old[:8], "little")])["__metadata__"]) == ""


def test_a_row_beyond_float32_is_not_written(tmp_path: Path) -> None:
    row = unit(samples.rows()[0])
    vector = vectors.SteeringVector({2: row}, norms={2: 1e300}, about=About(n_layers=4))
    with pytest.raises(vectors.VectorFileError, match="layer 2: 24 non-finite values"):
        vector.save(tmp_path / "long.safetensors")
    assert not (tmp_path / "long.safetensors").exists()
