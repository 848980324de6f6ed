"""Batched sampling of steered continuations: the acceptance figures need hundreds, one row of a batch each."""

from collections.abc import Sequence
from typing import Any

import torch

from core.generation.stream import steered
from core.mixer.mixer import Mixer
from core.model.model import Model

TEMPERATURE = 0.7

Part = tuple[Mixer, int]


@torch.inference_mode()
def sample_continuations(
    model: Model, prompts: Sequence[Sequence[int]], parts: Sequence[Part], seed: int, *, may_end: bool = True
) -> list[list[int]]:
    """Continue each prompt up to its end token; each part gives a mixer and the number of tokens made under it.

    Cached positions keep the activations of the part they were computed in.
    """
    tokenizer: Any = model.tokenizer
    batch = tokenizer.pad({"input_ids": [list(prompt) for prompt in prompts]}, return_tensors="pt")
    ids, mask, cache = batch["input_ids"], batch["attention_mask"], None
    # `generate` draws from torch's global generator. It is seeded once, so that all parts use one sequence
    # of random numbers.
    torch.manual_seed(seed)
    for mixer, count in parts:
        with steered(model, mixer):
            out: Any = model.hf.generate(
                input_ids=ids,
                attention_mask=mask,
                past_key_values=cache,
                do_sample=True,
                temperature=TEMPERATURE,
                top_k=0,
                max_new_tokens=count,
                min_new_tokens=None if may_end else count,
                return_dict_in_generate=True,
            )
        added = out.sequences.shape[1] - ids.shape[1]
        ids, cache = out.sequences, out.past_key_values
        mask = torch.cat([mask, mask.new_ones(len(ids), added)], dim=1)
    start, end = batch["input_ids"].shape[1], tokenizer.eos_token_id
    return [_truncate_at(row, end) for row in ids[:, start:].tolist()]


def _truncate_at(row: list[int], end: int) -> list[int]:
    return row[: row.index(end)] if end in row else row
