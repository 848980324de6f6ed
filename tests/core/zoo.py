"""Tiny random models of many architectures, and one real tokenizer: what the tests of the engine room run
on.

Each model is a few hundred kilobytes, built from its Hugging Face configuration in milliseconds and filled
from a seed, so that no test needs a download and every architecture's own forward code is what is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

VOCAB = 300
HIDDEN = 64
LAYERS = 4
PAD, BOS, EOS = 0, 1, 2

SHAPE: dict[str, Any] = {
    "vocab_size": VOCAB,
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "max_position_embeddings": 512,
    "pad_token_id": PAD,
    "bos_token_id": BOS,
    "eos_token_id": EOS,
}
HEAD = {"head_dim": 16}
OWN_WINDOW = {"sliding_window": 32}
EXPERTS = {"num_experts_per_tok": 2, "output_router_logits": False}


def _config(name: str, **changes: Any) -> Callable[[], PretrainedConfig]:
    """A configuration class of transformers with the common tiny shape and this architecture's own
    changes.
    """

    def make() -> PretrainedConfig:
        return getattr(transformers, name)(**{**SHAPE, **changes})

    return make


GPT2_SHAPE = {"n_embd": HIDDEN, "n_layer": LAYERS, "n_head": 4, "n_positions": 512, "n_inner": 96}

ARCHITECTURES: dict[str, Callable[[], PretrainedConfig]] = {
    "llama": _config("LlamaConfig"),
    "qwen2": _config("Qwen2Config"),
    "qwen3": _config("Qwen3Config", **HEAD),
    "qwen3-moe": _config("Qwen3MoeConfig", **HEAD, **EXPERTS, num_experts=4, moe_intermediate_size=48),
    "mistral": _config("MistralConfig", **HEAD, **OWN_WINDOW),
    "mixtral": _config("MixtralConfig", **EXPERTS, num_local_experts=4, sliding_window=None),
    "gemma2": _config("Gemma2Config", **HEAD, **OWN_WINDOW, query_pre_attn_scalar=16),
    "gemma3": _config("Gemma3TextConfig", **HEAD, **OWN_WINDOW, query_pre_attn_scalar=16),
    "phi3": _config("Phi3Config", original_max_position_embeddings=512, sliding_window=None),
    "olmo2": _config("Olmo2Config"),
    "gpt2": _config("GPT2Config", **GPT2_SHAPE),
    "gpt-neox": _config("GPTNeoXConfig"),
    "granite": _config("GraniteConfig", residual_multiplier=0.5, logits_scaling=2.0),
    "stablelm": _config("StableLmConfig"),
    "cohere": _config("CohereConfig", logit_scale=0.5),
    "falcon": _config("FalconConfig", new_decoder_architecture=False, multi_query=True, alibi=False),
    "opt": _config("OPTConfig", ffn_dim=96, word_embed_proj_dim=HIDDEN),
    "bloom": _config("BloomConfig", n_layer=LAYERS, n_head=4),
}


def build(name: str = "llama", *, dtype: torch.dtype = torch.float32, seed: int = 0) -> PreTrainedModel:
    """A fresh random model of one of ARCHITECTURES: its own object every time, because hooks stay on it."""
    model = AutoModelForCausalLM.from_config(ARCHITECTURES[name](), dtype=torch.float32)
    fill(model, seed)
    return model.to(dtype).eval()


def fill(model: torch.nn.Module, seed: int) -> None:
    """Random weights with an order-one effect on the logits; the stock 0.02 would hide mistakes in the
    noise.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if "embed" in name or "wte" in name or "wpe" in name:
                weight.copy_(noise * 0.5)
            elif weight.dim() == 1:
                weight.add_(noise * 0.05)
            else:
                weight.copy_(noise * weight.shape[-1] ** -0.5)


CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CORPUS = (
    "The ferry left the harbour at noon and the gulls followed it over the grey water.",
    "She counted the coins twice, wrote the sum in the ledger and locked the drawer.",
    "system user assistant: what is the weather like today? It is raining, I think.",
)


@lru_cache(maxsize=1)
def tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of VOCAB entries with a ChatML-like template; never fails on any text."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB,
        special_tokens=["<|pad|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bpe.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        pad_token="<|pad|>",
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def ids(*shape: int, seed: int = 0) -> torch.Tensor:
    """Random token ids without special tokens."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCAB, shape, generator=generator)
