"""Estimates a model's memory and what is free, so that a model that does not fit is refused early."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from core.byte_sizes import format_bytes
from core.errors import OutOfMemory
from core.loading.safetensors_header import read_header

if TYPE_CHECKING:
    from transformers import PreTrainedModel

WORK_SPACE = 1.05  # buffers, cache and one token's activations beside the weights
QUANTISED = {"4bit": 0.6, "8bit": 1.1}  # bytes per weight with its scales
UNKNOWN = 2**62
TOWER = re.compile(
    r"vision|visual|image|video|audio|speech|whisper|multi_modal|projector|connector", re.IGNORECASE
)
"""Names of modules that turn pictures and sound into embeddings."""


def blueprint_bytes(hf: PreTrainedModel, quant: str | None = None) -> int:
    """Bytes of a model built on the meta device; quantisation does not apply to embedding and unembedding."""
    unembedding = hf.get_output_embeddings() if hasattr(hf, "get_output_embeddings") else None
    bytes_per_weight = QUANTISED.get(quant or "")
    shrunk = {
        id(part.weight): bytes_per_weight
        for part in hf.modules()
        if bytes_per_weight and isinstance(part, nn.Linear) and part is not unembedding
    }
    # `parameters` yields a weight once, even if several modules share it.
    return sum(int(p.numel() * shrunk.get(id(p), p.element_size())) for p in hf.parameters())


def tower_bytes(hf: PreTrainedModel) -> int:
    """Bytes of what reads pictures and sound: loaded with the model, and not used here."""
    return sum(p.numel() * p.element_size() for name, p in hf.named_parameters() if TOWER.search(name))


def stored_bytes(files: list[Path]) -> int:
    """Bytes of the weights as stored, from the headers alone."""
    entries = (entry for path in files for entry in read_header(path).tensors.values())
    return sum(entry.end - entry.start for entry in entries)


def held_bytes(hf: nn.Module, device: torch.device | None) -> int:
    """Bytes of a loaded model's weights on this type of device; on all devices for None."""
    return sum(p.nbytes for p in hf.parameters() if device is None or p.device.type == device.type)


def available_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    # Inside a container /proc/meminfo shows the host's memory, so the tighter bound counts.
    return min(_free_ram(), _free_in_cgroup())


def available_bytes_everywhere() -> int:
    """Free bytes that a device map can use: every GPU and main memory."""
    gpus = range(torch.cuda.device_count())
    return available_bytes(torch.device("cpu")) + sum(available_bytes(torch.device("cuda", i)) for i in gpus)


def refuse_if_short(name: str, needed: int, available: int, where: str, towers: int = 0) -> None:
    """Raise if the weights do not fit; `towers` bytes of them are for pictures and sound."""
    needed = math.ceil(needed * WORK_SPACE)
    if needed > available:
        part = f" ({format_bytes(towers)} of it for pictures and sound)" if towers else ""
        raise OutOfMemory(
            f"{name} needs about {format_bytes(needed)}{part} and {format_bytes(available)} are free on {where}:"
            " choose a smaller --dtype, --device-map auto, or --force to try anyway"
        )


def _free_ram() -> int:
    try:
        # MemAvailable includes the page cache that can be reclaimed, MemFree does not.
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
