"""Model folders on disk for the tests of loading, and how a refusal is looked at."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import core
from core.errors import ModelError, SteerError
from tests.core import zoo

BLOCK = 128
"""Rows and columns that share a scale in an FP8 folder."""


def save(folder: Path) -> Path:
    zoo.build("llama").save_pretrained(folder)
    zoo.tokenizer().save_pretrained(folder)
    return folder


def rewrite(folder: Path, name: str = "config.json", **changes: object) -> None:
    file = folder / name
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def refusal(name: str | Path, kind: type[SteerError] = ModelError, **options: object) -> str:
    """The sentence with which loading ends; it has to be one."""
    with pytest.raises(kind) as caught:
        core.load(name, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def quantise_fp8(folder: Path) -> None:
    """The folder's matrices as float8 with a scale per block: fifty times too large, times a fiftieth."""
    file = folder / "model.safetensors"
    weights = load_file(file)
    for name in [name for name in weights if "_proj.weight" in name]:
        weights[name] = (weights[name] * 50).to(torch.float8_e4m3fn)
        blocks = [-(-size // BLOCK) for size in weights[name].shape]
        weights[f"{name}_scale_inv"] = torch.full(blocks, 0.02)
    save_file(weights, file, metadata={"format": "pt"})
    rule = {"quant_method": "fp8", "weight_block_size": [BLOCK, BLOCK], "activation_scheme": "dynamic"}
    rewrite(folder, quantization_config=rule)
