"""Tiny random models of this year's families: running states, experts, windows, several residual streams.

Each is built from its Hugging Face configuration in milliseconds, four layers or one period of its pattern.
`zoo` has the plain attention stacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from tests.core import zoo

LINEAR: dict[str, Any] = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
    "linear_conv_kernel_dim": 4,
}
"""Layers with a gated delta rule: a state of [heads, key size, value size] instead of keys and values."""
LATENT: dict[str, Any] = {
    "num_key_value_heads": 4,
    "kv_lora_rank": 16,
    "q_lora_rank": 24,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 16,
    "v_head_dim": 16,
}
"""Attention on compressed keys and values (DeepSeek V3)."""
ROUTED: dict[str, Any] = {
    "n_routed_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "n_shared_experts": 1,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
}
# With few index heads most scores of the indexer are exact zeros, which tie; the choice then depends on the length.
INDEXED: dict[str, Any] = {"index_topk": 8, "index_head_dim": 16, "index_n_heads": 16, "head_dim": 8}
EXPERTS: dict[str, Any] = {
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 32,
    "shared_expert_intermediate_size": 32,
}
SCAN: dict[str, Any] = {"mamba_n_heads": 8, "mamba_d_head": 16, "mamba_d_state": 16, "mamba_chunk_size": 16}
SLIDING, FULL, LINEAR_KIND = "sliding_attention", "full_attention", "linear_attention"

CONFIGS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "qwen3_5": ("qwen3_5_text", {**zoo.HEAD, **LINEAR}),
    "qwen3_5_moe": ("qwen3_5_moe_text", {**zoo.HEAD, **LINEAR, **EXPERTS}),
    "qwen3_next": ("qwen3_next", {**zoo.HEAD, **LINEAR, **EXPERTS}),
    "gemma4_e": (
        "gemma4_text",
        {
            **zoo.HEAD,
            "global_head_dim": 16,
            "sliding_window": 16,
            "layer_types": [SLIDING, FULL, SLIDING, FULL],
            "vocab_size_per_layer_input": zoo.VOCAB,
            "hidden_size_per_layer_input": 16,
            "num_kv_shared_layers": 2,
        },
    ),
    "gemma4_moe": (
        "gemma4_text",
        {
            **zoo.HEAD,
            "global_head_dim": 16,
            "sliding_window": 16,
            "layer_types": [SLIDING, FULL, SLIDING, FULL],
            "hidden_size_per_layer_input": 0,
            "enable_moe_block": True,
            "num_experts": 8,
            "top_k_experts": 2,
            "moe_intermediate_size": 32,
        },
    ),
    "gpt_oss": (
        "gpt_oss",
        {**zoo.HEAD, "sliding_window": 16, "num_local_experts": 8, "num_experts_per_tok": 2},
    ),
    "llama4": (
        "llama4_text",
        {**zoo.HEAD, "intermediate_size_mlp": 96, "attention_chunk_size": 16, "num_local_experts": 4},
    ),
    "olmo3": ("olmo3", {"sliding_window": 16}),
    "deepseek_v3": ("deepseek_v3", {**LATENT, **ROUTED}),
    "deepseek_v32": ("deepseek_v32", {**LATENT, **ROUTED, **INDEXED}),
    "glm_moe_dsa": ("glm_moe_dsa", {**LATENT, **ROUTED, **INDEXED}),
    "nemotron_h": (
        "nemotron_h",
        {
            **zoo.HEAD,
            "layers_block_type": ["mamba", "moe", "mamba", "attention", "mlp", "mamba"],
            "ssm_state_size": 16,
            "mamba_num_heads": 4,
            "mamba_head_dim": 32,
            "n_groups": 2,
            "chunk_size": 16,
            "n_routed_experts": 8,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 32,
            "moe_shared_expert_intermediate_size": 32,
        },
    ),
    "granitemoehybrid": (
        "granitemoehybrid",
        {
            **SCAN,
            "layer_types": ["mamba", "mamba", "mamba", "attention"],
            "num_local_experts": 8,
            "num_experts_per_tok": 2,
            "shared_intermediate_size": 32,
        },
    ),
    "olmo_hybrid": ("olmo_hybrid", {**LINEAR, "linear_num_key_heads": 4}),
    "kimi_linear": (
        "kimi_linear",
        {
            "linear_head_dim": 16,
            "linear_num_heads": 4,
            "layer_types": [LINEAR_KIND] * 3 + [FULL],
            "mlp_layer_types": ["dense"] + ["sparse"] * 3,
            **{key: value for key, value in LATENT.items() if key != "q_lora_rank"},
            "num_experts": 8,
            "num_experts_per_token": 2,
            "moe_intermediate_size": 32,
        },
    ),
    "falcon_h1": ("falcon_h1", {**zoo.HEAD, **SCAN, "mamba_d_ssm": 64, "mamba_n_heads": 4}),
    "lfm2": ("lfm2", {"layer_types": ["conv", FULL, "conv", FULL]}),
    "lfm2_moe": (
        "lfm2_moe",
        {
            "layer_types": ["conv", FULL, "conv", FULL],
            "num_experts": 8,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 32,
            "num_dense_layers": 1,
        },
    ),
    "lfm3": ("lfm3", {"layer_types": ["conv", FULL, "conv", FULL]}),
    "jamba": (
        "jamba",
        {
            "attn_layer_period": 4,
            "attn_layer_offset": 2,
            "mamba_dt_rank": 4,
            "num_experts": 4,
            "num_experts_per_tok": 2,
        },
    ),
    "bamba": ("bamba", {**SCAN, "attn_layer_indices": [2]}),
    "mamba2": (
        "mamba2",
        {"state_size": 16, "num_heads": 8, "head_dim": 16, "expand": 2, "n_groups": 2, "chunk_size": 16},
    ),
    "mamba": ("mamba", {"state_size": 8}),
    "falcon_mamba": ("falcon_mamba", {"state_size": 8}),
    "deepseek_v4": (
        "deepseek_v4",
        {
            **ROUTED,
            "num_key_value_heads": 1,
            "q_lora_rank": 24,
            "o_groups": 2,
            "o_lora_rank": 16,
            "sliding_window": 16,
            "compress_rates": {"compressed_sparse_attention": 4, "heavily_compressed_attention": 8},
            "layer_types": [
                SLIDING,
                "compressed_sparse_attention",
                "heavily_compressed_attention",
                "compressed_sparse_attention",
            ],
            "partial_rotary_factor": 0.5,
            "index_head_dim": 16,
            "index_n_heads": 16,
            "index_topk": 8,
            "head_dim": 16,
        },
    ),
    "hy_v4": ("hy_v4", {**LATENT, **ROUTED, **INDEXED, "head_dim": 24}),
    "gemma3n": (
        "gemma3n_text",
        {
            **zoo.HEAD,
            "sliding_window": 16,
            "layer_types": [SLIDING, FULL, SLIDING, FULL],
            "vocab_size_per_layer_input": zoo.VOCAB,
            "hidden_size_per_layer_input": 16,
            "num_kv_shared_layers": 2,
            "laurel_rank": 8,
            "activation_sparsity_pattern": [0.0] * zoo.LAYERS,
        },
    ),
    "qwen4_exp": (
        "qwen4_exp_text",
        {
            **zoo.HEAD,
            **LINEAR,
            **EXPERTS,
            "hc_lowrank": 8,
            "ple_layer_ids": [],
            "indexer_n_heads": 4,
            "indexer_kv_heads": 1,
            "indexer_head_dim": 16,
            "indexer_budget": 8,
            "indexer_compress_ratio": 2,
        },
    ),
}


def make_config(name: str) -> PretrainedConfig:
    kind, changes = CONFIGS[name]
    return AutoConfig.for_model(kind, **{**zoo.SHAPE, **changes})


def build(name: str, *, dtype: torch.dtype = torch.float32, seed: int = 0) -> PreTrainedModel:
    """A fresh random model of one of CONFIGS."""
    with torch.random.fork_rng(devices=()):
        # Vectors are only shifted by `fill`, and some classes draw theirs: time steps, attention sinks.
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(make_config(name), dtype=torch.float32)
    zoo.fill(model, seed)
    return model.to(dtype).eval()
