"""Small files that ask for the world, and large honest ones: five seconds, one gigabyte, no code."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from tests.vectors import samples
from tests.vectors.bad_files import Runs, bomb
from tests.vectors.worker import Worker

GIGABYTE = 1 << 30
SECONDS = 5.0  # of the worker's own CPU time, so that a busy machine changes nothing
STORAGE = b"ctorch\nFloatStorage\n"


def packed(pickle: bytes, **records: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02" + pickle)
        for name, data in records.items():
            archive.writestr(f"a/data/{name}", data)
    return buffer.getvalue()


def windows(count: int, elements: int) -> bytes:
    """`count` tensors that are each a window on the whole of one large storage."""
    text = b"X\x07\0\0\0storage" + STORAGE + b"X\x01\0\0\0kX\x03\0\0\0cpuJ" + struct.pack("<i", elements)
    one = b"ctorch._utils\n_rebuild_tensor_v2\n((" + text + b"tQK\0(K\2t(J" + struct.pack("<i", elements - 1)
    one += b"t\x89ccollections\nOrderedDict\n)RtR"
    items = b"".join(b"M" + struct.pack("<H", layer) + one for layer in range(count))
    return packed(b"}(" + items + b"u.", k=bytes(4 * elements))


def many_records(count: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index in range(count):
            archive.writestr(f"a/{index}", b"")
    return buffer.getvalue()


def shared_tensors() -> bytes:
    """A GGUF whose thousand tensors all claim the same megabytes."""
    size = 1 << 20
    table = b"".join(
        samples.string(f"direction.{layer}") + struct.pack("<IQIQ", 1, size, 0, 0) for layer in range(1000)
    )
    head = b"GGUF" + struct.pack("<IQQ", 3, 1000, 0) + table
    return head + bytes(-len(head) % 32) + bytes(4 * size)


def inflating(size: int) -> str:
    return base64.b64encode(zlib.compress(b"\xff" * size)).decode()


BOMBS: dict[str, Callable[[], bytes]] = {
    "expanded view": lambda: samples.saved({0: torch.ones(1).expand(10**9)}),
    "npz": lambda: bomb(600_000_000),
    "deflated pt": lambda: packed(b"}.", k=bytes(500_000_000)),
    "memo index": lambda: packed(b"N" + b"r\xff\xff\xff\x7f" + b"."),
    "a million pushes": lambda: packed(b"(" + b"N" * 3_000_000),
    "nested tuples": lambda: packed(b")" + b"\x85" * 900_000 + b"."),
    "doubling tuples": lambda: packed(b")" + b"2\x86" * 50 + b"."),
    "doubling key": lambda: packed(b"}(" + b")q\x00" + b"h\x00h\x00\x86q\x00" * 50 + b"Nu."),
    "windows": lambda: windows(1000, 1 << 20),
    "bytes that are not there": lambda: packed(b"B\xff\xff\xff\x7f"),
    "long text": lambda: packed(b"X\xff\xff\xff\xff"),
    "records": lambda: many_records(20_000),
    "gguf array": lambda: samples.gguf([samples.entry("x", 9, struct.pack("<IQ", 0, 1 << 31))], {}),
    "gguf nested": lambda: samples.gguf([samples.entry("x", 9, struct.pack("<IQ", 9, 1) * 9999)], {}),
    "gguf counts": lambda: b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60) + bytes(64),
    "gguf text": lambda: b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 62) + bytes(64),
    "gguf shared data": shared_tensors,
    "safetensors header": lambda: samples.safetensors(b"{}", length=1 << 62),
    "safetensors depth": lambda: samples.safetensors(b'{"a":' * 300_000),
    "safetensors names": lambda: samples.safetensors(
        {f"layer.{i}": samples.tensor_entry(0) for i in range(20_000)}
    ),
    "json depth": lambda: b'{"directions":' + b"[" * 2_000_000,
    "json digits": lambda: b'{"directions": {"1": [' + b"9" * 2_000_000 + b"]}}",
    "json numbers": lambda: b'{"directions": {"1": [' + b"0," * 12_000_000 + b"0]}}",
    "npy shape": lambda: samples.npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (10**12,)}"),
    "npy expression": lambda: samples.npy_header("9**9**9**9"),
    "npy depth": lambda: samples.npy_header("(" * 3000),
    "steps": lambda: samples.safetensors(
        {
            "__metadata__": {"format": "steertui/1", "raw_ulps": json.dumps({"1": inflating(50_000_000)})},
            "layer.1": samples.tensor_entry(4),
        },
        b"\x00\x00\x80?" * 4,
    ),
    "code": lambda: samples.saved({0: Runs()}),
}


@pytest.fixture(scope="module")
def worker() -> object:
    with Worker() as started:
        yield started


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused(
    name: str, tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = worker.open(samples.put(tmp_path, "bomb", BOMBS[name]()))
    assert answer["end"] == "refused", answer
    assert "memory" not in answer["text"]
    assert answer["peak"] < GIGABYTE
    assert answer["seconds"] < SECONDS
    assert [path.name for path in tmp_path.iterdir()] == ["bomb"]


def test_the_largest_honest_files_fit_into_the_limits(tmp_path: Path, worker: Worker) -> None:
    rows = {f"layer.{layer}": np.full(1 << 17, 0.5, np.float32) for layer in range(255)}
    save_file(rows, tmp_path / "large.safetensors")
    torch.save(
        {layer: torch.ones(1 << 17, dtype=torch.bfloat16) for layer in range(255)}, tmp_path / "large.pt"
    )
    for name in ("large.safetensors", "large.pt"):
        answer = worker.open(tmp_path / name)
        assert answer["end"] == "read", answer
        assert answer["peak"] < GIGABYTE
        assert answer["seconds"] < SECONDS
    assert worker.restarts == 0
