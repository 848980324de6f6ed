"""The bad-input table as files: what each is called, its bytes, and what its sentence has to say."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save

from tests.vectors import samples
from tests.vectors.samples import entry, safetensors, saved, string, tensor_entry

ROW = samples.rows()[0]
ROW_BYTES = ROW.tobytes()
ONE = {"layer.0": tensor_entry(ROW.size)}


class Runs:
    """Pickles into a call: what a malicious file does."""

    def __init__(self, function: Callable[..., Any] = os.system, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments or ("touch pwned",)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


@dataclasses.dataclass
class ControlVector:
    model_type: str
    directions: dict[int, Any]


def short_storage() -> bytes:
    """A torch file whose storage record was cut to four bytes and packed again."""
    whole = zipfile.ZipFile(io.BytesIO(saved({0: torch.ones(4)})))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in whole.namelist():
            data = whole.read(name)
            archive.writestr(name, data[:4] if name.endswith("data/0") else data)
    return buffer.getvalue()


def bomb(size: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("layer.0.npy", bytes(size))
    return buffer.getvalue()


def spoiled(value: float, layer: int = 7, count: int = 3) -> bytes:
    row = ROW.copy()
    row[:count] = value
    return save({f"layer.{layer}": row})


LEGACY = {"_use_new_zipfile_serialization": False}
ARCHITECTURE = entry("general.architecture", 8, string("controlvector"))
ARRAY_OF_BYTES = entry("controlvector.x", 9, struct.pack("<IQ", 0, 1 << 31))
NESTED = entry("controlvector.x", 9, struct.pack("<IQ", 9, 1) * 40)
LLAMA = samples.gguf([entry("general.architecture", 8, string("llama"))], {"blk.0.attn_q.weight": ROW})
COUNTED = b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1)

TABLE: list[tuple[str, str, bytes | Callable[[], bytes], str]] = [
    ("1 code", "a.pt", lambda: saved({0: Runs()}), r"contains code (posix.system), not loaded"),
    (
        "1 builtins",
        "a.pt",
        lambda: saved({0: Runs(eval, "1")}),
        r"contains code (__builtin__.eval), not loaded",
    ),
    ("2 legacy", "a.pt", lambda: saved({0: Runs()}, **LEGACY), r"contains code (posix.system), not loaded"),
    ("2 bare pickle", "a.pt", lambda: pickle.dumps(Runs()), r"contains code (posix.system), not loaded"),
    ("2 protocol 0", "a.pt", lambda: pickle.dumps(Runs(), 0), r"contains code (posix.system), not loaded"),
    (
        "3 class",
        "a.pt",
        lambda: saved(ControlVector("x", {})),
        "ControlVector; export it as safetensors or GGUF",
    ),
    ("4 numpy", "a.pt", lambda: saved({0: ROW}), "numpy arrays in .pt: convert"),
    ("5 truncated", "a.pt", lambda: saved({0: torch.ones(4)})[:300], "file is truncated (300 bytes)"),
    ("5 truncated gguf", "a.gguf", samples.control_vector({0: ROW})[:60], "file is truncated (60 bytes)"),
    ("5 truncated data", "a.gguf", samples.control_vector({0: ROW})[:-40], "tensor data damaged"),
    ("6 empty", "a.pt", b"", "file is empty"),
    ("6 empty gguf", "a.gguf", b"", "file is empty"),
    (
        "7 web page",
        "a.pt",
        b"\n<!DOCTYPE html><html><body>404</body></html>",
        "looks like a web page, not a vector",
    ),
    ("8 lfs", "a.pt", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "run git lfs pull"),
    ("9 short storage", "a.pt", short_storage, "tensor 0: 4 bytes stored, 16 declared"),
    ("10 view", "a.pt", lambda: saved({0: torch.ones(1).expand(10**9)}), "tensor 0 has 1e9 elements, limit"),
    ("11 sparse", "a.pt", lambda: saved({3: torch.eye(4).to_sparse()}), "layer 3: sparse layout not usable"),
    ("11 meta", "a.pt", lambda: saved({3: torch.ones(4, device="meta")}), "layer 3: meta device not usable"),
    (
        "11 complex",
        "a.pt",
        lambda: saved({3: torch.ones(4, dtype=torch.complex64)}),
        "layer 3: dtype complex64",
    ),
    (
        "11 bool",
        "a.pt",
        lambda: saved({3: torch.ones(4, dtype=torch.bool)}),
        "layer 3: dtype bool not usable",
    ),
    (
        "11 int",
        "a.pt",
        lambda: saved({3: torch.ones(4, dtype=torch.int64)}),
        "layer 3: dtype int64 not usable",
    ),
    (
        "11 f8",
        "a.pt",
        lambda: saved({3: torch.ones(4).to(torch.float8_e5m2)}),
        "layer 3: dtype float8_e5m2 not",
    ),
    ("11 int npy", "a.npy", samples.npy(np.ones((2, 4), np.int32)), "dtype <i4 not usable"),
    (
        "11 int safetensors",
        "a.safetensors",
        save({"layer.3": np.ones(4, np.int32)}),
        "layer.3: dtype I32 not usable",
    ),
    ("13 header", "a.safetensors", safetensors(b"{}      ", length=1 << 60), "header claims 2^60 bytes"),
    ("14 json", "a.safetensors", safetensors(b'{"layer.0": '), "header is not valid"),
    ("14 deep", "a.safetensors", safetensors(b'{"a":' + b"[" * 90_000), "header is not valid"),
    ("14 shape", "a.safetensors", safetensors({"layer.0": {"dtype": "F32"}}), "header is not valid"),
    (
        "15 overlap",
        "a.safetensors",
        safetensors(ONE | {"layer.1": ONE["layer.0"]}, ROW_BYTES),
        "tensor data damaged",
    ),
    (
        "15 hole",
        "a.safetensors",
        safetensors({"layer.0": tensor_entry(4, 8)}, bytes(24)),
        "tensor data damaged",
    ),
    ("15 trailing", "a.safetensors", safetensors(ONE, ROW_BYTES + b"xx"), "tensor data damaged"),
    ("15 beyond", "a.safetensors", safetensors(ONE, ROW_BYTES[:-8]), "tensor data damaged"),
    (
        "16 twice",
        "a.safetensors",
        safetensors(b'{"a":%b,"a":%b}' % ((json.dumps(tensor_entry(1)).encode(),) * 2), bytes(4)),
        "tensor name twice: a",
    ),
    ("17 zero size", "a.safetensors", save({"layer.4": np.zeros(0, np.float32)}), "layer 4 is empty"),
    ("17 zero size pt", "a.pt", lambda: saved({4: torch.zeros(0)}), "layer 4 is empty"),
    ("18 path as name", "a.safetensors", save({"../../x": ROW}), "tensor name not a layer key: ../../x"),
    (
        "20 metadata",
        "a.safetensors",
        save({"layer.0": ROW}, {"x": "y" * 10_000_000}),
        "metadata larger than 1 MB",
    ),
    (
        "21 version",
        "a.gguf",
        samples.gguf([ARCHITECTURE], {}, version=99),
        "not a GGUF control vector (version 99)",
    ),
    ("21 magic", "a.gguf", b"FUGG" + bytes(60), "not a GGUF control vector"),
    ("22 counts", "a.gguf", COUNTED, "header claims 2^60 tensors"),
    ("23 array", "a.gguf", samples.gguf([ARCHITECTURE, ARRAY_OF_BYTES], {}), "metadata not allowed here"),
    ("23 nested", "a.gguf", samples.gguf([ARCHITECTURE, NESTED], {}), "metadata not allowed here"),
    ("24 model", "a.gguf", LLAMA, "architecture llama, expected controlvector"),
    ("25 abc", "a.gguf", samples.gguf([ARCHITECTURE], {"direction.abc": ROW}), "bad layer key 'abc'"),
    ("25 negative", "a.gguf", samples.gguf([ARCHITECTURE], {"direction.-1": ROW}), "bad layer key '-1'"),
    (
        "25 other tensor",
        "a.gguf",
        samples.gguf([ARCHITECTURE], {"weights": ROW}),
        "tensor name not a layer key",
    ),
    ("26 objects", "a.npy", samples.npy(np.array([Runs()], dtype=object)), "object arrays are code"),
    (
        "27 shape",
        "a.npy",
        samples.npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}"),
        "header claims 4 TB",
    ),
    ("28 bomb", "a.npz", lambda: bomb(600_000_000), "expands to 600 MB, limit 134 MB"),
    ("29 nan", "a.safetensors", spoiled(float("nan")), "layer 7: 3 non-finite values"),
    ("29 inf", "a.safetensors", spoiled(float("inf"), count=2), "layer 7: 2 non-finite values"),
    ("29 nan svec", "a.svec", b'{"directions": {"2": [NaN, 1.0]}}', "layer 2: 1 non-finite values"),
    (
        "29 too large for f32",
        "a.pt",
        lambda: saved({2: torch.full((2,), 1e300, dtype=torch.float64)}),
        "layer 2: 2 non-finite",
    ),
    ("30 zero", "a.safetensors", save({"layer.5": np.zeros(4, np.float32)}), "layer 5 has norm 0"),
    ("30 zero gguf", "a.gguf", samples.control_vector({5: ROW * 0}), "layer 5 has norm 0"),
    ("30 zero stack", "a.npy", samples.npy(np.zeros((3, 4), np.float32)), "has norm 0"),
    ("35 no layer", "a.pt", lambda: saved(torch.ones(1, 1, 8)), "say --layer"),
    ("35 rows", "a.pt", lambda: saved(torch.ones(9, 8)), "say --shift"),
    (
        "- no layout",
        "a.pt",
        lambda: saved({"weights": torch.ones(3)}),
        "no known vector layout has the keys weights",
    ),
    ("- text", "a.pt", lambda: saved("hello"), "holds str, not a vector"),
    ("- plain text", "a.txt", b"just a few words about vectors", "not a vector file"),
    ("- widths", "a.safetensors", save({"layer.0": ROW, "layer.1": ROW[:5]}), "layer 1 has 5 dimensions"),
    ("- json", "a.svec", b'{"directions": {"1": [1.0, ]}}', "JSON is not valid (line 1"),
    ("- json list", "a.svec", b'{"layers": []}', "JSON without directions"),
    (
        "- future",
        "a.safetensors",
        save({"layer.0": ROW}, {"format": "steertui/9"}),
        "this version reads steertui/1",
    ),
    (
        "- other site",
        "a.safetensors",
        save({"layer.0": ROW}, {"format": "steertui/1", "site": "mlp"}),
        "site mlp",
    ),
    ("- empty npz", "a.npz", samples.npz(), "an empty zip"),
]
