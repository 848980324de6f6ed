"""The models that are measured: real shapes with random weights, so that nothing is downloaded."""

from __future__ import annotations

from typing import Any

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedModel, Qwen2Config

import core
from core.model.model import Model

QWEN = {"hidden_size": 896, "num_attention_heads": 14, "num_key_value_heads": 2, "intermediate_size": 4864}
LLAMA_8B = {
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
}


def qwen(layers: int = 8, dtype: torch.dtype = torch.float32, device: str = "cpu") -> PreTrainedModel:
    """896 wide with a vocabulary of 32k: 148M parameters at 8 layers."""
    shape = {**QWEN, "num_hidden_layers": layers, "vocab_size": 32_000, "max_position_embeddings": 4096}
    config = Qwen2Config(**shape, tie_word_embeddings=True)
    return _random(config, dtype, device)


def llama_8b(layers: int = 32, dtype: torch.dtype = torch.bfloat16, device: str = "cuda") -> PreTrainedModel:
    config = LlamaConfig(
        **LLAMA_8B, num_hidden_layers=layers, vocab_size=128_256, max_position_embeddings=8192
    )
    return _random(config, dtype, device)


def _random(config: Any, dtype: torch.dtype, device: str) -> PreTrainedModel:
    torch.manual_seed(0)
    with torch.device(device):
        return AutoModelForCausalLM.from_config(config, dtype=dtype).eval()


def demo(device: str = "cpu") -> Model:
    """The demo model that is shipped: 96 wide, 10 layers."""
    return core.load("demo-instruct", device=device)
