"""Checkpoints of known weights, written as the files that a diff reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.core import zoo

WIDTH = zoo.HIDDEN
SHARDS = {"model-00001-of-00002.safetensors": 0, "model-00002-of-00002.safetensors": 1}


def saved(folder: Path, weights: Mapping[str, Tensor], *, shards: bool = False, **config: Any) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "hidden_size": WIDTH} | config))
    weights = {name: tensor.contiguous() for name, tensor in weights.items()}
    if not shards:
        save_file(weights, folder / "model.safetensors")
        return folder
    names = sorted(weights)
    parts = {file: names[number::2] for file, number in SHARDS.items()}
    for file, part in parts.items():
        save_file({name: weights[name] for name in part}, folder / file)
    where = {name: file for file, part in parts.items() for name in part}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    return folder


def weights(seed: int = 0, height: int = 96, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    chance = torch.Generator().manual_seed(seed)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=chance).to(dtype)

    return {
        "model.embed_tokens.weight": drawn(40, WIDTH),
        **{f"model.layers.{n}.mlp.down_proj.weight": drawn(WIDTH, height) for n in range(3)},
        **{f"model.layers.{n}.mlp.up_proj.weight": drawn(height, WIDTH) for n in range(3)},
        **{f"model.layers.{n}.self_attn.o_proj.weight": drawn(WIDTH, WIDTH) for n in range(3)},
        **{f"model.layers.{n}.self_attn.q_proj.weight": drawn(WIDTH, WIDTH) for n in range(3)},
        **{f"model.layers.{n}.input_layernorm.weight": drawn(WIDTH) for n in range(3)},
    }


def unit(size: int, seed: int) -> Tensor:
    return torch.nn.functional.normalize(
        torch.randn(size, generator=torch.Generator().manual_seed(seed)), dim=0
    )
