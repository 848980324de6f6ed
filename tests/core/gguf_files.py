"""Tiny Llamas as GGUF files, written with the gguf package from a model of transformers, as llama.cpp converts them.

Its quantisers are used where it has them; Q4_K, which it only reads, is written out here from the layout of the block.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType as Kind
from transformers import PreTrainedModel

from tests.core import zoo

WIDTH = 256
"""A block of Q4_K has this many weights."""

SHAPE: dict[str, Any] = {
    **zoo.SHAPE,
    "hidden_size": WIDTH,
    "intermediate_size": WIDTH,
    "num_hidden_layers": 2,
    "rms_norm_eps": 1e-5,
    "rope_theta": 20000.0,
    "tie_word_embeddings": False,
}
NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
PARTS = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
Change = Callable[[gguf.GGUFWriter], None]
Quantised = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def tiny_llama(seed: int = 0, **changes: Any) -> PreTrainedModel:
    """A float model with random weights, as wide as a block of Q4_K."""
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**{**SHAPE, **changes})).eval()
    zoo.fill(model, seed)
    return model


def write_model(
    path: Path,
    model: PreTrainedModel,
    kind: str = "F32",
    *,
    tokenizer: Any = None,
    vocabulary: bool = True,
    architecture: str = "llama",
    n_layers: int | None = None,
    change: Change | None = None,
) -> PreTrainedModel:
    """Write a model's file; returns a copy of the model whose weights are exactly what the file holds.

    `tokenizer` is the zoo's without another; `change` may add to what is written; `n_layers` is claimed.
    """
    held = copy.deepcopy(model)
    writer = gguf.GGUFWriter(path, architecture)
    add_metadata(writer, model.config, n_layers)
    if vocabulary:
        add_vocabulary(writer, tokenizer or zoo.tokenizer())
    for name, weight in held.state_dict().items():
        # A file without the unembedding is one whose embedding takes its place.
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        values = weight.numpy()
        if values.ndim == 1:
            writer.add_tensor(gguf_name(name), values)
            continue
        raw, kept = quantise(values, Kind[kind])
        weight.copy_(torch.from_numpy(kept))
        writer.add_tensor(gguf_name(name), permuted(raw, name, model.config), raw_dtype=Kind[kind])
    if change is not None:
        change(writer)
    finish(writer)
    return held


def finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_metadata(writer: gguf.GGUFWriter, config: Any, n_layers: int | None = None) -> None:
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(n_layers or config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_rope_dimension_count(config.hidden_size // config.num_attention_heads)


def add_vocabulary(writer: gguf.GGUFWriter, tokenizer: Any) -> None:
    """A byte-level tokenizer with its chat template."""
    found = json.loads(tokenizer.backend_tokenizer.to_str())
    special = {token["id"] for token in found["added_tokens"]}
    entries = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([text for text, _ in entries])
    writer.add_token_types(
        [gguf.TokenType.CONTROL if i in special else gguf.TokenType.NORMAL for _, i in entries]
    )
    # Older versions of tokenizers write a merge as one text.
    writer.add_token_merges(
        [each if isinstance(each, str) else " ".join(each) for each in found["model"]["merges"]]
    )
    writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_pad_token_id(tokenizer.pad_token_id)
    writer.add_chat_template(tokenizer.chat_template)


def gguf_name(name: str) -> str:
    if name in NAMES:
        return NAMES[name]
    _, _, layer, rest = name.split(".", 3)
    part, _, kind = rest.rpartition(".")
    return f"blk.{layer}.{PARTS[part]}.{kind}"


def permuted(rows: np.ndarray[Any, Any], name: str, config: Any) -> np.ndarray[Any, Any]:
    """The rows of queries and keys in llama.cpp's order: the two halves of a head's rotation take turns."""
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    count = next((n for part, n in heads.items() if part in name), None)
    if count is None:
        return rows
    return rows.reshape(count, 2, len(rows) // count // 2, -1).swapaxes(1, 2).reshape(rows.shape)


def quantise(values: np.ndarray[Any, Any], kind: Kind) -> Quantised:
    """The bytes of a matrix in a format, and the values that these bytes stand for."""
    if kind == Kind.Q4_K:
        return quantise_q4_k(values)
    raw = gguf.quantize(values, kind)
    return raw, gguf.dequantize(raw, kind).reshape(values.shape)


def quantise_q4_k(values: np.ndarray[Any, Any]) -> Quantised:
    """Q4_K (ggml-quants.c): 8 × 32 weights d·s·q − e·m, with q of 4 bits, s and m of 6, and half floats d and e."""
    groups = values.astype(np.float64).reshape(-1, 8, 32)
    lowest = np.minimum(groups.min(-1), 0.0)
    step = (groups.max(-1) - lowest) / 15
    d, e = (np.float16(x.max(-1, keepdims=True) / 63) for x in (step, -lowest))
    s, m = (np.clip(np.round(x / np.maximum(y, 1e-12)), 0, 63) for x, y in ((step, d), (-lowest, e)))
    scale, shift = (d * s)[..., None].astype(np.float64), (e * m)[..., None].astype(np.float64)
    q = np.clip(np.round((groups + shift) / np.maximum(scale, 1e-12)), 0, 15)
    kept = (
        np.float32(d * s.astype(np.float32))[..., None] * q - np.float32(e * m.astype(np.float32))[..., None]
    )
    s, m, q = s.astype(np.uint8), m.astype(np.uint8), q.astype(np.uint8)
    # The first four scales and shifts in the low six bits; the last four are split over both high ends.
    scales = np.concatenate(
        [
            s[:, :4] | (s[:, 4:] >> 4) << 6,
            m[:, :4] | (m[:, 4:] >> 4) << 6,
            (s[:, 4:] & 15) | (m[:, 4:] & 15) << 4,
        ],
        -1,
    )
    # Two groups of 32 share 32 bytes: the first in the low halves.
    nibbles = (q[:, 0::2] | q[:, 1::2] << 4).reshape(len(q), -1)
    raw = np.concatenate([d.view(np.uint8), e.view(np.uint8), scales, nibbles], -1)
    return raw.reshape(len(values), -1), kept.astype(np.float32).reshape(values.shape)
