"""Nothing is lost on the way there and back: bits of float32 in every format that can be written."""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import vectors
from core.errors import UsageError
from tests.vectors import samples
from vectors.data.metadata import About
from vectors.files import formats
from vectors.files.steps import apply_steps, encode_steps
from vectors.files.writing import write

SUFFIX = {"native": "safetensors", "gguf": "gguf", "gguf-llamacpp": "gguf", "svec": "svec"}


def path_for(folder: Path, name: str) -> Path:
    return folder / f"out-{name}.{SUFFIX.get(name, 'pt')}"


def assert_same(one: vectors.SteeringVector, two: vectors.SteeringVector) -> None:
    assert one.layers == two.layers
    for layer in one.layers:
        assert torch.equal(one.directions[layer], two.directions[layer])
        assert np.array_equal(one.raw(layer), two.raw(layer))
    assert dict(one.norms) == dict(two.norms)
    assert one.sha256 == two.sha256


@pytest.mark.parametrize("name", formats.WRITERS)
def test_there_and_back(name: str, tmp_path: Path) -> None:
    vector = samples.vector(layers=(1, 2, 5) if name == "gguf-llamacpp" else samples.LAYERS)
    vector.save(path_for(tmp_path, name), name)
    back = vectors.read(path_for(tmp_path, name))
    assert_same(vector, back)
    assert back.about == vector.about


@pytest.mark.parametrize("first", formats.WRITERS)
@pytest.mark.parametrize("second", formats.WRITERS)
def test_through_two_formats_and_home(first: str, second: str, tmp_path: Path) -> None:
    vector = samples.vector(seed=3, layers=(1, 2, 4))
    current = vector
    for step, name in enumerate((first, second, "native")):
        folder = tmp_path / str(step)
        folder.mkdir()
        current.save(path_for(folder, name), name)
        current = vectors.read(path_for(folder, name))
    assert_same(vector, current)
    assert current.about == vector.about


@pytest.mark.parametrize("name", sorted(set(formats.WRITERS) - {"gguf-llamacpp"}))
@settings(max_examples=25, deadline=None)
@given(
    row=arrays.arrays(
        np.float32, st.integers(1, 40), elements=st.floats(-(2.0**90), 2.0**90, width=32)
    ).filter(lambda row: np.linalg.norm(row.astype(np.float64)) > 1e-3)
)
def test_any_row_survives(name: str, row: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = path_for(tmp_path_factory.mktemp("any"), name)
    vector = vectors.SteeringVector({2: row}, about=About(n_layers=4))
    vector.save(path, name)
    assert_same(vector, vectors.read(path))


def test_a_raw_file_keeps_its_own_bits_through_ours(tmp_path: Path) -> None:
    raw = torch.randn(7, 33, generator=torch.Generator().manual_seed(1)) * 11
    torch.save(raw, tmp_path / "evil_response_avg_diff.pt")
    vectors.read(tmp_path / "evil_response_avg_diff.pt").save(tmp_path / "ours.safetensors")
    vectors.read(tmp_path / "ours.safetensors").save(tmp_path / "again.pt", "persona")
    again = torch.load(tmp_path / "again.pt", weights_only=True)
    assert torch.equal(again[1:], raw[1:])
    assert not again[0].any()


@pytest.mark.parametrize("name", ["pt-dict", "persona", "axis"])
def test_torch_reads_what_we_write_and_runs_nothing(name: str, tmp_path: Path) -> None:
    vector = samples.vector(layers=tuple(range(samples.DEPTH)))
    vector.save(tmp_path / "out.pt", name)
    loaded = torch.load(tmp_path / "out.pt", weights_only=True)
    if name == "axis":
        assert loaded["metadata"]["model_name"] == "maker/Tiny-6L"
    stack = {"pt-dict": lambda: loaded, "persona": lambda: loaded[1:], "axis": lambda: loaded["axis"]}[name]()
    for layer in vector.layers:
        assert stack[layer].dtype == torch.float32
        assert np.array_equal(stack[layer].numpy(), vector.raw(layer))


def test_the_gguf_package_reads_ours(tmp_path: Path) -> None:
    vector = samples.vector()
    vector.save(tmp_path / "ours.gguf")
    reader = gguf.GGUFReader(tmp_path / "ours.gguf")
    assert reader.get_field("general.architecture").contents() == "controlvector"
    assert reader.get_field("controlvector.model_hint").contents() == "llama"
    assert reader.get_field("controlvector.layer_count").contents() == len(samples.LAYERS)
    assert [tensor.name for tensor in reader.tensors] == [f"direction.{layer}" for layer in samples.LAYERS]
    for layer, tensor in zip(samples.LAYERS, reader.tensors, strict=True):
        assert tensor.tensor_type == gguf.GGMLQuantizationType.F32
        assert np.array_equal(tensor.data, vector.raw(layer))


def package_bytes(path: Path, rows: dict[int, np.ndarray], extra: dict[str, str]) -> bytes:
    writer = gguf.GGUFWriter(path, "controlvector")
    writer.add_string("controlvector.model_hint", "llama")
    writer.add_uint32("controlvector.layer_count", len(rows))
    for key, text in extra.items():
        writer.add_string(key, text)
    for layer, row in rows.items():
        writer.add_tensor(f"direction.{layer}", row)
    for step in (
        writer.write_header_to_file,
        writer.write_kv_data_to_file,
        writer.write_tensors_to_file,
        writer.close,
    ):
        step()
    return path.read_bytes()


def test_we_read_what_the_gguf_package_writes(tmp_path: Path) -> None:
    rows = samples.rows(seed=8)
    package_bytes(tmp_path / "theirs.gguf", rows, {})
    vector = vectors.read(tmp_path / "theirs.gguf")
    assert vector.layers == samples.LAYERS
    assert vector.about.model_type == "llama"
    for layer, row in rows.items():
        assert np.array_equal(vector.raw(layer), row)


def test_our_file_is_the_gguf_packages_file_byte_for_byte(tmp_path: Path) -> None:
    vector = samples.vector()
    vector.save(tmp_path / "ours.gguf")
    reader = gguf.GGUFReader(tmp_path / "ours.gguf")
    extra = {key: field.contents() for key, field in reader.fields.items() if key.startswith("steertui.")}
    rows = {layer: np.array(vector.raw(layer)) for layer in vector.layers}
    assert (tmp_path / "ours.gguf").read_bytes() == package_bytes(tmp_path / "theirs.gguf", rows, extra)


def test_the_llamacpp_export_has_what_its_loader_demands(tmp_path: Path) -> None:
    losses = samples.vector().save(tmp_path / "for-llama.gguf", "gguf-llamacpp")
    assert losses == ("layer 0 dropped: llama.cpp refuses files that have it",)
    tensors = gguf.GGUFReader(tmp_path / "for-llama.gguf").tensors
    assert [tensor.name for tensor in tensors] == ["direction.1", "direction.2", "direction.5"]
    assert {tensor.tensor_type for tensor in tensors} == {gguf.GGMLQuantizationType.F32}
    assert {len(tensor.shape) for tensor in tensors} == {1}
    with pytest.raises(vectors.VectorFileError, match="no place for layer 0"):
        samples.vector(layers=(0,)).save(tmp_path / "nothing.gguf", "gguf-llamacpp")


def test_the_svec_export_has_what_ibms_loader_demands(tmp_path: Path) -> None:
    vector = samples.vector()
    vector.save(tmp_path / "out.svec")
    tree = json.loads((tmp_path / "out.svec").read_text())
    assert tree["model_type"] == "llama"
    assert (
        set(tree["directions"])
        == set(tree["explained_variances"])
        == {str(layer) for layer in samples.LAYERS}
    )
    assert np.array_equal(np.array(tree["directions"]["5"], np.float32), vector.raw(5))


def test_the_same_vector_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, writer in formats.WRITERS.items():
        assert writer(samples.vector()) == writer(samples.vector()), name


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "kept.safetensors"
    samples.vector().save(target)
    before = target.read_bytes()

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(vectors.VectorFileError, match="no space left"):
        samples.vector(seed=9).save(target)
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["kept.safetensors"]


def test_a_suffix_that_means_several_formats_is_asked_about(tmp_path: Path) -> None:
    for name, sentence in (
        ("a.pt", "say --to pt-dict, persona or axis"),
        ("a.bin", "cannot write this suffix"),
    ):
        with pytest.raises(UsageError, match=sentence):
            write(samples.vector(), tmp_path / name)


@given(arrays.arrays(np.float32, 16, elements=st.floats(-1e6, 1e6, width=32)), st.integers(-127, 127))
def test_last_bit_steps_are_exact_both_ways(row: np.ndarray, step: int) -> None:
    other = np.where(row > 1, (row.view(np.int32) + step).view(np.float32), row).astype(np.float32)
    text = encode_steps(other, row)
    back = row if text is None else apply_steps(row, text)
    assert back is not None
    assert np.array_equal(back, other)


def test_a_depth_that_no_model_has_is_not_written(tmp_path: Path) -> None:
    for depth in (999_999_999, 3):
        vector = samples.vector().with_about(About(n_layers=depth))
        with pytest.raises(vectors.VectorFileError, match="does not fit the"):
            vector.save(tmp_path / "x.pt", "persona")
