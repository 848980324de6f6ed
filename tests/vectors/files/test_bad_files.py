"""The bad-input table: every file that is not a vector gets one sentence and exit code 4, and nothing runs."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save

import vectors
from steertui.cli.main import main
from tests.vectors import samples
from tests.vectors.bad_files import LLAMA, ROW, TABLE, Runs
from tests.vectors.samples import put, saved


@pytest.mark.parametrize(
    ("name", "data", "sentence"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table(
    name: str,
    data: bytes | Callable[[], bytes],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    path = put(tmp_path, name, data if isinstance(data, bytes) else data())
    with pytest.raises(vectors.VectorFileError) as refused:
        vectors.read(path)
    text = str(refused.value)
    assert text.startswith(f"{name}: ")
    assert sentence in text
    assert "\n" not in text
    assert main(["convert", name, "out.safetensors", "--json"]) == 4
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"] == text
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_parameter_is_taken_without_its_gradient(tmp_path: Path) -> None:
    path = put(tmp_path, "a.pt", saved({2: torch.nn.Parameter(torch.ones(4))}))
    assert not vectors.read(path).directions[2].requires_grad


def test_hostile_metadata_is_loaded_and_shown_escaped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "\x1b]52;c;AAAA\x07[@click=app.quit]x[/]\u202e"
    data = save(
        {"layer.0": samples.unit(ROW)}, {"format": "steertui/1", "name": hostile, "model_id": hostile}
    )
    path = put(tmp_path, "hostile.safetensors", data)
    assert vectors.read(path).name == hostile
    assert main(["card", str(path)]) == 0
    assert main(["card", str(path), "--json"]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert "\u202e" not in printed


def test_extreme_norms_are_shown_and_refused_in_half_precision(tmp_path: Path) -> None:
    path = put(tmp_path, "big.safetensors", save({"layer.1": np.full(4, 1e38, np.float32)}))
    vector = vectors.read(path, model=samples.Model(6, 4))
    assert vector.norms[1] == pytest.approx(2e38)
    assert any("layer 1 has an extreme norm: 2e+38" in warning for warning in vector.card.warnings)
    half = samples.Model(6, 4)
    half.dtype = torch.float16
    with pytest.raises(vectors.VectorFileError, match="layer 1 has norm 2e.38, which overflows float16"):
        vectors.read(path, model=half)
    tiny = put(tmp_path, "tiny.safetensors", save({"layer.1": np.full(4, 1e-42, np.float32)}))
    assert any("extreme norm" in warning for warning in vectors.read(tiny).card.warnings)
    assert torch.allclose(vectors.read(tiny).directions[1], torch.full((4,), 0.5), atol=1e-3)


@pytest.mark.parametrize("special", ["fifo", "folder", "device", "dangling", "missing", "no-permission-name"])
def test_only_regular_files_are_opened(special: str, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    if special == "fifo":
        os.mkfifo(path)
    elif special == "folder":
        path.mkdir()
    elif special == "device":
        path = Path("/dev/zero")
    elif special == "dangling":
        path.symlink_to(tmp_path / "nowhere")
    elif special == "no-permission-name":
        path = Path("a\0b.pt")
    sentence = "not a regular file|no such file or directory|not a usable path"
    with pytest.raises(vectors.VectorFileError, match=sentence):
        vectors.read(path)


def test_the_bytes_that_were_checked_are_the_bytes_that_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vectors import vector_file
    from vectors.files.opening import open_vector_file

    good, path = save({"layer.0": samples.unit(ROW)}, {"format": "steertui/1"}), tmp_path / "a.safetensors"
    path.write_bytes(good)

    def swapped(place: Any) -> Any:
        source = open_vector_file(place)
        put(tmp_path, "other", saved({0: Runs()})).replace(path)
        return source

    monkeypatch.setattr(vector_file, "open_vector_file", swapped)
    vector = vectors.read(path)
    assert vector.card.file_sha256 == hashlib.sha256(good).hexdigest()
    monkeypatch.undo()
    with pytest.raises(vectors.VectorFileError, match="contains code"):
        vectors.read(path)


def test_a_file_larger_than_any_vector_is_not_read_whole(tmp_path: Path) -> None:
    for head, sentence in ((LLAMA, "architecture llama"), (bytes(64), "not a vector file")):
        path = put(tmp_path, "huge.bin", head)
        os.truncate(path, 1 << 34)
        with pytest.raises(vectors.VectorFileError, match=sentence):
            vectors.read(path)
    path = put(tmp_path, "huge.pt", saved({0: torch.ones(4)}))
    os.truncate(path, 1 << 34)
    with pytest.raises(vectors.VectorFileError, match="17.2 GB is larger than any vector file"):
        vectors.read(path)
