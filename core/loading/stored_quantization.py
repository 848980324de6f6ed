"""What transformers will do with a folder whose weights are stored quantised, asked before anything large is read.

Kernels for a format need a certain GPU or package. Without them some formats are dequantised while loading, which takes
the memory of the whole model, and others cannot be loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from transformers import AutoConfig
from transformers.quantizers.auto import get_hf_quantizer

from core.errors import ModelError, UsageError
from core.json_values import JsonValue
from core.loading.placement import Placement
from core.loading.pretrained import ALONE, silence_transformers

KEY = "quantization_config"


@dataclass(frozen=True)
class StoredQuantization:
    """A method such as fp8 or mxfp4, and whether its weights are dequantised while loading."""

    method: str
    dequantises: bool

    def __str__(self) -> str:
        return f"stored as {self.method} and {'dequantised while loading' if self.dequantises else 'kept so'}"


def read_quantization(
    folder: Path, config: Mapping[str, JsonValue], placement: Placement
) -> StoredQuantization | None:
    """None for a folder whose weights are not quantised; raises if this machine cannot load them."""
    stored = stored_entry(config)
    if stored is None:
        return None
    method = str(stored.get("quant_method", "an unnamed method"))
    if placement.quant is not None:
        raise UsageError(f"{folder} is quantised already ({method}): leave --quant out")
    with silence_transformers():
        try:
            asked = deepcopy(AutoConfig.from_pretrained(folder, **ALONE))
            quantiser, *_ = get_hf_quantizer(asked, None, placement.hf_device_map, True, {})
        # Whichever package or device a method misses, it says so in words of its own.
        except Exception as error:
            words = " ".join(str(error).split())
            raise ModelError(
                f"{folder} is quantised ({method}) and cannot be loaded here: {words[:240]}"
            ) from None
    if quantiser is None:
        raise ModelError(
            f"{folder} is quantised ({method}), which this version of transformers does not know"
        )
    return StoredQuantization(method, bool(getattr(quantiser.quantization_config, "dequantize", False)))


def stored_entry(config: Mapping[str, JsonValue]) -> Mapping[str, JsonValue] | None:
    """The configuration's entry about quantisation, which some folders keep with their text tower."""
    text = config.get("text_config")
    for place in (config, text if isinstance(text, Mapping) else {}):
        found = place.get(KEY)
        if isinstance(found, Mapping):
            return found
    return None
