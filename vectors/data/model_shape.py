"""The dimensions of a model that a vector has to fit: depth, width and family."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ModelError
from core.files import read_regular
from core.json_values import JsonValue
from core.loading.config_guard import DEPTH_KEYS, WIDTH_KEYS
from core.loading.gguf.header import read_gguf_header
from vectors.errors import printable_name

if TYPE_CHECKING:
    from core.model.model import Model

CONFIG_BYTES = 1 << 20


@dataclass(frozen=True)
class ModelShape:
    name: str
    n_layers: int
    hidden_size: int
    model_type: str = ""
    half: bool = False  # computes in float16, whose largest number a long vector can exceed


def shape_of_folder(folder: Path, name: str = "") -> ModelShape:
    """Read from config.json, without loading the model."""
    name = name or folder.name
    try:
        config = json.loads(read_regular(folder / "config.json", CONFIG_BYTES))
    except (OSError, ValueError, RecursionError):
        raise ModelError(
            f"{printable_name(name)}: no readable config.json in {printable_name(folder)}"
        ) from None
    config = config if isinstance(config, dict) else {}
    # Multimodal models describe their language model in a part of its own.
    text = config["text_config"] if isinstance(config.get("text_config"), dict) else config
    depth = _positive_integer(text, *DEPTH_KEYS)
    width = _positive_integer(text, *WIDTH_KEYS)
    return ModelShape(name, depth, width, str(text.get("model_type", "")))


def shape_of_gguf(file: Path) -> ModelShape:
    """Read from the header of a GGUF file, without loading the model."""
    header = read_gguf_header(file)
    depth, width = header.size_of("block_count"), header.size_of("embedding_length")
    if not depth or not width:
        raise ModelError(f"{printable_name(file)} does not say its block_count and embedding_length")
    return ModelShape(file.name, depth, width, header.architecture)


def shape_of_model(model: Model) -> ModelShape:
    """Of a loaded `core.Model`."""
    config = getattr(getattr(model, "hf", None), "config", None)
    # "bfloat16" also ends with "float16".
    half = str(getattr(model, "dtype", "")).endswith("float16") and "bfloat16" not in str(model.dtype)
    family = str(getattr(config, "model_type", ""))
    return ModelShape(str(getattr(model, "name", "")), model.n_layers, model.hidden_size, family, half)


def _positive_integer(config: dict[str, JsonValue], *keys: str) -> int:
    for key in keys:
        value = config.get(key)
        if type(value) is int and value > 0:
            return value
    raise ModelError(f"config.json does not say {keys[0]}")
