"""Device and precision of a model: the user's options as arguments for transformers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch

from core.errors import UsageError
from core.loading import memory

DTYPES = {
    "float32": torch.float32,
    "fp32": torch.float32,
    "bfloat16": torch.bfloat16,
    "bf16": torch.bfloat16,
    "float16": torch.float16,
    "fp16": torch.float16,
}
QUANTS = tuple(memory.QUANTISED)

DeviceMap: TypeAlias = str | Mapping[str, str | int | torch.device] | None
"""A strategy such as `auto`, or the device of each module by its path; as transformers defines it."""


@dataclass(frozen=True)
class Placement:
    """`dtype` None keeps the checkpoint's own; `device` None leaves it to the device map."""

    dtype: torch.dtype | None
    device: torch.device | None
    device_map: DeviceMap = None
    quant: str | None = None

    @property
    def hf_device_map(self) -> DeviceMap:
        """The device_map argument of from_pretrained; a plain CPU model needs none."""
        if self.device is None:
            return self.device_map
        return None if self.device.type == "cpu" else {"": self.device}

    @property
    def device_label(self) -> str:
        return "all devices together" if self.device is None else str(self.device)

    def available_bytes(self) -> int:
        return (
            memory.available_bytes_everywhere()
            if self.device is None
            else memory.available_bytes(self.device)
        )


def choose_placement(
    dtype: str | torch.dtype = "auto",
    device: str | None = None,
    device_map: DeviceMap = None,
    quant: str | None = None,
) -> Placement:
    """Choose device and dtype; default: first GPU in the checkpoint's precision, else CPU in float32."""
    if device is not None and device_map is not None:
        raise UsageError("give --device or --device-map, not both")
    if quant is not None and quant not in QUANTS:
        raise UsageError(f"quantisation must be one of {', '.join(QUANTS)}, not {quant!r}")
    chosen = None if device_map is not None else _device(device)
    # A device map uses the GPUs; without any, the whole model is on the CPU.
    on_cpu = chosen.type == "cpu" if chosen is not None else not torch.cuda.is_available()
    return Placement(_dtype(dtype, on_cpu and quant is None), chosen, device_map, quant)


def _dtype(name: str | torch.dtype, float32_by_default: bool) -> torch.dtype | None:
    if isinstance(name, torch.dtype):
        return name
    if name == "auto":
        return torch.float32 if float32_by_default else None
    if name not in DTYPES:
        raise UsageError(f"dtype must be auto, {', '.join(DTYPES)}, not {name!r}")
    return DTYPES[name]


def _device(name: str | None) -> torch.device:
    if name is None:
        return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"no such device: {name!r} (cpu, cuda, cuda:1, mps)") from None
    gpus = torch.cuda.device_count()
    count = gpus if device.type == "cuda" else 1
    # torch.device accepts any index and would fail only at the first allocation.
    if (device.index or 0) >= count or (device.type == "mps" and not torch.backends.mps.is_available()):
        raise UsageError(f"device {name} is not available here (CUDA devices found: {gpus})")
    return device
