"""Estimates a model's memory and what is free, so that a model that does not fit is refused early."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.byte_sizes import format_bytes
from core.errors import ModelError, OutOfMemory

MOST_HEADER = 100 * 2**20
WORK_SPACE = 1.05  # buffers, cache and one token's activations beside the weights
QUANTISED = {"4bit": 0.6, "8bit": 1.1}  # bytes per weight with its scales
UNKNOWN = 2**62


def read_header(path: Path) -> dict[str, Any]:
    """The tensor list in a safetensors header, checked against the file's length."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(MOST_HEADER, size - 8):
            raise ModelError(
                f"{path}: its header claims {length} bytes, the file has {size}: damaged or truncated"
            )
        try:
            tensors = json.loads(file.read(length))
            end = max(
                (_tensor_end(entry) for name, entry in tensors.items() if name != "__metadata__"), default=0
            )
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
            raise ModelError(f"{path}: its header is not valid") from None
    if end != size - 8 - length:
        raise ModelError(
            f"{path}: {size - 8 - length} bytes of weights stored, {end} declared: damaged or truncated"
        )
    tensors.pop("__metadata__", None)
    return tensors


def _tensor_end(entry: dict[str, Any]) -> int:
    """Offset of a tensor's last byte; raises unless the entry has a valid dtype, shape and offsets."""
    start, end = entry["data_offsets"]
    sizes = [start, end - start, *entry["shape"]]
    if not isinstance(entry["dtype"], str) or any(type(size) is not int or size < 0 for size in sizes):
        raise ValueError(entry)
    return int(end)


def blueprint_bytes(hf: Any, quant: str | None = None) -> int:
    """Bytes of a model built on the meta device; quantisation does not apply to embedding and unembedding."""
    unembedding = hf.get_output_embeddings() if hasattr(hf, "get_output_embeddings") else None
    bytes_per_weight = QUANTISED.get(quant or "")
    shrunk = {
        id(part.weight): bytes_per_weight
        for part in hf.modules()
        if bytes_per_weight and isinstance(part, nn.Linear) and part is not unembedding
    }
    return sum(int(p.numel() * shrunk.get(id(p), p.element_size())) for p in hf.parameters())


def stored_bytes(files: list[Path]) -> int:
    """Bytes of the weights as stored, from the headers alone."""
    ends = (entry["data_offsets"] for path in files for entry in read_header(path).values())
    return sum(end - start for start, end in ends)


def held_bytes(hf: nn.Module, device: torch.device | None) -> int:
    """Bytes of a loaded model's weights on this type of device; on all devices for None."""
    return sum(p.nbytes for p in hf.parameters() if device is None or p.device.type == device.type)


def available_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return min(_free_ram(), _free_in_cgroup())


def available_bytes_everywhere() -> int:
    """Free bytes that a device map can use: every GPU and main memory."""
    gpus = range(torch.cuda.device_count())
    return available_bytes(torch.device("cpu")) + sum(available_bytes(torch.device("cuda", i)) for i in gpus)


def refuse_if_short(name: str, needed: int, available: int, where: str) -> None:
    needed = math.ceil(needed * WORK_SPACE)
    if needed > available:
        raise OutOfMemory(
            f"{name} needs about {format_bytes(needed)} and {format_bytes(available)} are free on {where}:"
            " choose a smaller --dtype, --device-map auto, or --force to try anyway"
        )


def _free_ram() -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return UNKNOWN


def _free_in_cgroup() -> int:
    """Free bytes within the container's limit; page cache counts as free, because it can be reclaimed."""
    root = Path("/sys/fs/cgroup")
    try:
        limit, used = (root / "memory.max").read_text().strip(), int((root / "memory.current").read_text())
        stat = dict(line.split() for line in (root / "memory.stat").read_text().splitlines())
        return UNKNOWN if limit == "max" else int(limit) - used + int(stat.get("inactive_file", 0))
    except (OSError, ValueError):
        return UNKNOWN
