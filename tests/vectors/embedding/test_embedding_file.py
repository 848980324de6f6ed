"""Files of embeddings: both shapes give the same rows, and what cannot be used is one sentence."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import BadInput
from core.jobs.job import run_steps
from tests.vectors import samples
from vectors.embedding import embedding_file
from vectors.embedding.embedding_file import read_embedding_file

TEXTS = ["a poem", "the  sea\nat night", "ein Gedicht über Öl 🌊"]
NUMBERS = np.array([[1.0, 0.0, 0.5], [0.0, 2.0, -1.0], [3.0, 0.25, 0.0]])


def lines(*entries: Any) -> bytes:
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


def good_lines() -> bytes:
    return lines(*({"text": text, "row": list(row)} for text, row in zip(TEXTS, NUMBERS, strict=True)))


def compressed(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("e.jsonl", good_lines()),
        ("e.txt", b"\xef\xbb\xbf\n" + good_lines()),
        ("e.npz", samples.npz(texts=np.array(TEXTS), rows=NUMBERS)),
        ("e.npz", compressed(texts=np.array(TEXTS), rows=NUMBERS.astype("f4"))),
        ("e.npz", samples.npz(texts=np.array(TEXTS), rows=np.asfortranarray(NUMBERS.astype("f2")))),
    ],
)
def test_every_shape_gives_the_rows(name: str, data: bytes, tmp_path: Path) -> None:
    found = read_embedding_file(samples.put(tmp_path, name, data))
    assert run_steps(found.embed([TEXTS[2], TEXTS[0], "the sea at night "])) == pytest.approx(
        NUMBERS[[2, 0, 1]]
    )
    assert found.facts() == {"embedded_by": name, "auroc": None}
    assert found.missing(["a poem", "no poem"]) == ["no poem"]
    with pytest.raises(BadInput, match=f"{name}: no row for the text 'no poem' and 1 more"):
        run_steps(found.embed(["a poem", "no poem", "neither"]))


def test_the_same_row_twice_is_one() -> None:
    entries = [("1", "a", np.ones(2, "f4")), ("2", " a ", np.ones(2, "f4"))]
    assert list(embedding_file._collect_rows(iter(entries))) == ["a"]


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("texts.npy", samples.npy(np.array(["a"])))
        with archive.open("rows.npy", "w", force_zip64=True) as record:
            record.write(
                samples.npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 150000000)}")
            )
            for _ in range(600):
                record.write(bytes(1_000_000))
    return buffer.getvalue()


def archived(**records: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in records.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def header(descr: str, shape: str) -> bytes:
    return samples.npy_header(f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}")


A, ONE = np.array(["a"]), np.ones((1, 2))
PICKLED = np.array([{"text": "a"}], dtype=object)
HOSTILE = [
    ("nothing", b"", "no embeddings in it"),
    ("blank lines", b"\n\n", "no embeddings in it"),
    ("no json", b"hello\n", "line 1: neither JSON nor a .npz file"),
    ("not utf-8", b'{"text": "\xff", "row": [1]}', "line 1: neither JSON"),
    ("deep json", b"[" * 100_000, "line 1: neither JSON"),
    ("a list", lines([1]), "line 1: no 'text'"),
    ("no text", lines({"row": [1.0]}), "line 1: no 'text'"),
    ("text no text", lines({"text": 3, "row": [1.0]}), "line 1: no 'text'"),
    ("empty text", lines({"text": " \n", "row": [1.0]}), "line 1: its text is empty"),
    ("no row", lines({"text": "a"}), "line 1: 'row' has to be a list of numbers"),
    ("row of texts", lines({"text": "a", "row": ["1"]}), "line 1: 'row' has to be a list of numbers"),
    ("row of truths", lines({"text": "a", "row": [True]}), "line 1: 'row' has to be a list of numbers"),
    ("nested row", lines({"text": "a", "row": [[1.0]]}), "line 1: 'row' has to be a list of numbers"),
    ("empty row", lines({"text": "a", "row": []}), "line 1: 0 numbers, expected at least one"),
    ("nan", lines({"text": "a", "row": [float("nan")]}), "line 1: holds NaN or infinity"),
    ("infinity", lines({"text": "a", "row": [float("-inf")]}), "line 1: holds NaN or infinity"),
    ("huge number", b'{"text": "a", "row": [' + b"9" * 400 + b"]}", "line 1: holds NaN or infinity"),
    ("overlong number", b'{"text": "a", "row": [' + b"9" * 5000 + b"]}", "line 1: neither JSON"),
    ("zeros", lines({"text": "a", "row": [0, 0.0]}), "line 1: holds only zeros"),
    ("too small", lines({"text": "a", "row": [1e-300]}), "line 1: holds only zeros"),
    ("widths", lines({"text": "a", "row": [1]}, {"text": "b", "row": [1, 2]}), "line 2: 2 numbers, expected 1"),
    ("two rows", lines({"text": "a", "row": [1]}, {"text": "a ", "row": [2]}), "line 2: another row for the text 'a'"),
    ("one array", samples.npz(rows=ONE), "holds rows; expected the two arrays texts and rows"),
    ("other arrays", samples.npz(x=ONE, texts=A, rows=ONE), "expected the two arrays texts and rows"),
    ("one axis", samples.npz(texts=A, rows=np.ones(2)), "rows have shape 2, expected one row for each of 1 texts"),
    ("three axes", samples.npz(texts=A, rows=np.ones((1, 2, 2))), "rows have shape 1×2×2"),
    ("a number", samples.npz(texts=A, rows=np.float64(1)), "rows have shape a single number"),
    ("fewer rows", samples.npz(texts=np.array(["a", "b"]), rows=ONE), "expected one row for each of 2 texts"),
    ("integers", samples.npz(texts=A, rows=np.ones((1, 2), "i4")), "rows: dtype <i4 not usable"),
    ("nan array", samples.npz(texts=A, rows=np.full((1, 2), np.nan)), "row 1: holds NaN or infinity"),
    ("beyond float32", samples.npz(texts=A, rows=np.full((1, 2), 1e300)), "row 1: holds NaN or infinity"),
    ("twice", samples.npz(texts=np.array(["a", "a"]), rows=np.eye(2)), "row 2: another row for the text 'a'"),
    ("no texts", samples.npz(texts=np.array(["", ""]), rows=np.eye(2)), "row 1: its text is empty"),
    ("bytes", samples.npz(texts=np.array([b"a"]), rows=ONE), "texts: expected one row of texts"),
    ("texts in a grid", samples.npz(texts=np.array([["a"]]), rows=ONE), "texts: expected one row of texts"),
    ("pickled", samples.npz(texts=PICKLED, rows=ONE), "object arrays are code, not loaded"),
    ("pickled rows", samples.npz(texts=A, rows=PICKLED), "object arrays are code, not loaded"),
    ("no characters", archived(texts=header("<U1", "(1,)") + b"\xff\xff\xff\xff", rows=samples.npy(ONE)), "no text"),
    ("width none", archived(texts=header("<U0", "(9999999999,)"), rows=samples.npy(ONE)), "expected one row of texts"),
    ("claims", archived(texts=header("<U9999999", "(9,)"), rows=samples.npy(ONE)), "header claims 360 MB, 0 B stored"),
    ("claims rows", archived(texts=samples.npy(A), rows=header("<f4", "(1, 9999999)")), "header claims 40 MB"),
    ("no array", archived(texts=b"hello", rows=samples.npy(ONE)), "record texts.npy is not a numpy array"),
    ("cut", samples.npz(texts=A, rows=ONE)[:-30], "file is truncated"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "sentence"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE]
)
def test_what_cannot_be_used_is_one_sentence(data: bytes, sentence: str, tmp_path: Path) -> None:
    refused(samples.put(tmp_path, "e.npz", data), sentence)


def refused(path: Path, sentence: str) -> None:
    with pytest.raises(BadInput) as problem:
        read_embedding_file(path)
    assert sentence in str(problem.value)
    assert str(problem.value).startswith("e.npz: ")
    assert "\n" not in str(problem.value)
    assert problem.value.exit_code == 4


def test_a_bomb_is_not_expanded(tmp_path: Path) -> None:
    refused(samples.put(tmp_path, "e.npz", bomb()), "expands to 600 MB, limit 134 MB")


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "e.npz"
    with path.open("wb") as file:
        file.truncate(300_000_000_000)
    refused(path, "300 GB is larger than any file of embeddings (limit 268 MB)")
    with path.open("wb") as file:
        file.truncate(60_000_000)
    refused(path, "60 MB of JSON is too much (limit 50.3 MB); save the rows as .npz")
    path.write_bytes(b" " * 9_000_000 + b"1")
    refused(path, "line 1: longer than 8.39 MB")


def test_what_is_no_file_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, sentence in (
        ("pipe", "not a regular file"),
        ("none", "no such file"),
        (".", "not a regular file"),
    ):
        with pytest.raises(BadInput, match=sentence):
            read_embedding_file(tmp_path / name)
