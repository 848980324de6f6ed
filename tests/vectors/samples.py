"""Vectors and files to test with. Foreign files are laid out byte by byte here, not by the code under test."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

import vectors
from vectors.data.metadata import About

WIDTH = 24
LAYERS = (0, 1, 2, 5)
DEPTH = 6
STATS = {
    layer: {
        "positive": {"mean": 4.0, "std": 1.0, "p5": 2.0, "p25": 3.0, "p50": 4.0, "p75": 5.0, "p95": 6.0},
        "negative": {"mean": -1.0, "std": 2.0, "p5": -4.0, "p25": -2.0, "p50": -1.0, "p75": 0.0, "p95": 2.0},
        "midpoint": 1.5,
    }
    for layer in LAYERS
}


def rows(
    seed: int = 0, layers: tuple[int, ...] = LAYERS, width: int = WIDTH, scale: float = 3.7
) -> dict[int, Any]:
    generator = np.random.default_rng(seed)
    return {layer: (generator.standard_normal(width) * scale).astype(np.float32) for layer in layers}


def vector(seed: int = 0, layers: tuple[int, ...] = LAYERS, scale: float = 3.7) -> vectors.SteeringVector:
    """A raw vector with everything a file can say about it."""
    about = About(
        name="sample",
        model_id="maker/Tiny-6L",
        model_type="llama",
        n_layers=DEPTH,
        method="mean",
        read="last",
        contrast="determined-drifting",
        dataset_sha256="ab" * 32,
        created="2026-11-20T10:00:00Z",
        sign_note="+ = determined",
        act_norms={layer: 10.0 + layer for layer in layers},
        stats={layer: STATS[layer] for layer in layers if layer in STATS},
        suggestion={"layers": [layers[0]], "unit": "natural", "scale": 0.3, "split": False},
        metrics={"best_layer": layers[0]},
        versions={"steertui": "0.1.0"},
    )
    return vectors.SteeringVector(rows(seed, layers, scale=scale), about=about)


def unit(row: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    wide = row.astype(np.float64)
    return (wide / np.linalg.norm(wide)).astype(np.float32)


def string(text: str | bytes) -> bytes:
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(data)) + data


def entry(key: str, kind: int, value: bytes) -> bytes:
    return string(key) + struct.pack("<I", kind) + value


def gguf(entries: list[bytes], tensors: Mapping[str, Any], version: int = 3) -> bytes:
    """A GGUF file as its specification describes it."""
    table, body = b"", b""
    for name, row in tensors.items():
        data = row.astype("<f4").tobytes()
        table += string(name) + struct.pack("<IQIQ", 1, row.size, 0, len(body))
        body += data + bytes(-len(data) % 32)
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(entries)) + b"".join(entries) + table
    return head + bytes(-len(head) % 32) + body


def control_vector(
    tensors: Mapping[int, Any],
    *,
    arch: str = "controlvector",
    hint: str = "llama",
    count: bytes | None = None,
) -> bytes:
    """repeng's file; `count` overrides the type and value of layer_count."""
    layer_count = count or struct.pack("<II", 4, len(tensors))
    entries = [
        entry("general.architecture", 8, string(arch)),
        entry(f"{arch}.model_hint", 8, string(hint)),
        string(f"{arch}.layer_count") + layer_count,
    ]
    return gguf(entries, {f"direction.{layer}": row for layer, row in tensors.items()})


def safetensors(header: Any, body: bytes = b"", *, length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def tensor_entry(size: int, start: int = 0, dtype: str = "F32", width: int = 4) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [size], "data_offsets": [start, start + size * width]}


def saved(value: Any, **options: Any) -> bytes:
    """What `torch.save` writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer, **options)
    return buffer.getvalue()


def npz(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npy_header(text: str) -> bytes:
    data = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(data)) + data


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def tensors(layers: tuple[int, ...] = LAYERS, **options: Any) -> dict[int, torch.Tensor]:
    return {layer: torch.tensor(row) for layer, row in rows(layers=layers, **options).items()}


def capping_config() -> dict[str, Any]:
    """The layout of the published capping configs: late layers, one vector and one ceiling each."""
    layers = range(46, 54)
    named = {
        f"layer_{layer}/contrast": {"layer": layer, "vector": torch.tensor(rows(layer)[0])}
        for layer in layers
    }
    steps = [{"vector": f"layer_{layer}/contrast", "cap": layer / 2} for layer in layers]
    return {
        "vectors": named,
        "experiments": [
            {"id": "layers_46:54-p0.25", "interventions": steps},
            {"id": "layers_46:48-p0.5", "interventions": steps[:2]},
        ],
    }


class Model:
    """As much of a resident model as `vectors.read` asks for."""

    def __init__(self, n_layers: int = DEPTH, hidden_size: int = WIDTH, name: str = "maker/Tiny-6L") -> None:
        self.n_layers, self.hidden_size, self.name = n_layers, hidden_size, name
        self.dtype, self.fingerprint = torch.float32, "f" * 40
