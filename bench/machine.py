"""What the numbers were measured on: without it a ratio cannot be judged later."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import torch
import transformers


def describe() -> dict[str, Any]:
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": torch.get_num_threads(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "gpu": gpu,
        "load": os.getloadavg(),
        "steal_ticks": _steal(),
    }


def _cpu() -> str:
    lines = _lines("/proc/cpuinfo")
    return next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def _steal() -> int | None:
    """Time the hypervisor gave to others since boot; two reports show what fell into a run."""
    first = next(iter(_lines("/proc/stat")), "").split()
    return int(first[8]) if len(first) > 8 else None


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
