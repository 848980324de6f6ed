"""A hash that identifies a model in journals and cache keys.

Weights are sampled, not read whole: a fine-tune has its base's shapes, so names and sizes alone cannot tell
the two apart, and reading every byte of a large model would take longer than loading it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import torch

from core.files import open_regular
from core.json_values import JsonValue
from core.loading.gguf.header import GgufHeader
from core.loading.safetensors_header import read_header

SAMPLES = 64
BLOCK = 4096


def fingerprint_files(config: Mapping[str, JsonValue], weights: list[Path], *extra: str) -> str:
    """Fingerprint of a folder: configuration, each weight file's header and blocks sampled from its data."""
    digest = hashlib.sha256(_identity(config, extra))
    # Sorted, so that the order in which files are listed does not change the hash.
    for path in sorted(weights):
        header = read_header(path)
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            digest.update(path.name.encode() + size.to_bytes(8, "little") + header.text)
            _sample_data(digest, file, header.data_start, size)
    return digest.hexdigest()


def fingerprint_gguf(path: Path, header: GgufHeader, *extra: str) -> str:
    """Fingerprint of a GGUF file: its header, which is the configuration, and blocks sampled from its data."""
    digest = hashlib.sha256(_identity({}, extra))
    with open_regular(path) as file:
        digest.update(header.file_bytes.to_bytes(8, "little") + file.read(header.data_start))
        _sample_data(digest, file, header.data_start, header.file_bytes)
    return digest.hexdigest()


def fingerprint_module(hf: torch.nn.Module, logits: torch.Tensor) -> str:
    """Fingerprint of a model in memory: sampled parameters, and probe logits where weights are offloaded."""
    config = getattr(hf, "config", None)
    digest = hashlib.sha256(_identity(config.to_dict() if config is not None else {}))
    parked = False
    for name, weight in hf.named_parameters():
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
        # An offloaded weight stays on the meta device and holds no values to sample.
        parked = parked or weight.is_meta
        if not weight.is_meta:
            flat = weight.detach().flatten()
            digest.update(_bytes(flat[:: max(1, len(flat) // SAMPLES)]))
    if parked:
        digest.update(_bytes(logits))
    return digest.hexdigest()


def _sample_data(digest: hashlib._Hash, file: BinaryIO, start: int, end: int) -> None:
    for i in range(SAMPLES):
        # Evenly spaced over the data, so that every part of the model is sampled.
        file.seek(start + (end - start) * i // SAMPLES)
        digest.update(file.read(BLOCK))


def _identity(config: Mapping[str, JsonValue], extra: tuple[str, ...] = ()) -> bytes:
    """The configuration as JSON without transformers' version and the path."""
    stable = {k: v for k, v in config.items() if k not in ("transformers_version", "_name_or_path")}
    return json.dumps([stable, extra], sort_keys=True, default=str).encode()


def _bytes(values: torch.Tensor) -> bytes:
    # Viewed as bytes, because numpy has no bfloat16.
    return values.detach().to("cpu").contiguous().view(torch.uint8).numpy().tobytes()
