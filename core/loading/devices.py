"""The compute devices of this machine; `python -m core.loading.devices` prints them as one JSON object.

Run in a process of its own, so that a driver that hangs or crashes does not affect the caller.
"""

from __future__ import annotations

import json
import shutil

import torch

from core.json_values import JsonValue


def device_report() -> dict[str, JsonValue]:
    """torch's build and threads, the C++ compiler that compiled decoding needs, every GPU with its memory."""
    return {
        "torch": torch.__version__,
        "cuda_build": torch.version.cuda,
        "threads": torch.get_num_threads(),
        "compiler": shutil.which("c++") or shutil.which("g++") or shutil.which("clang++"),
        "gpus": [_gpu(index) for index in range(torch.cuda.device_count())],
        "mps": torch.backends.mps.is_available(),
    }


def _gpu(index: int) -> dict[str, JsonValue]:
    free, total = torch.cuda.mem_get_info(index)
    traits = torch.cuda.get_device_properties(index)
    return {
        "name": traits.name,
        "capability": f"{traits.major}.{traits.minor}",
        "free_bytes": free,
        "total_bytes": total,
        "bf16": torch.cuda.is_bf16_supported(),
    }


if __name__ == "__main__":
    print(json.dumps(device_report()))  # noqa: T201 - the report is this program's output
