"""Batched sampling: the acceptance figures need hundreds of steered continuations, one row of a batch each.

The mixer may change between tokens; cached positions keep the activations they were computed with.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from core.mixer.mixer import Mixer
from core.model.hooks import steered
from core.model.model import Model

TEMPERATURE = 0.7

Score = Callable[[int], Mixer]


@torch.inference_mode()
def sample_continuations(
    model: Model,
    prompts: Sequence[Sequence[int]],
    count: int,
    seed: int,
    score: Score = lambda step: Mixer(),
    *,
    may_end: bool = True,
) -> list[list[int]]:
    """Sample up to `count` tokens after each prompt; `score(step)` is the mixer that token `step` is made under."""
    end, pad = model.tokenizer.eos_token_id, model.tokenizer.pad_token_id
    ids, mask = pad_left(prompts, pad)
    generator, written, cache = torch.Generator().manual_seed(seed), [], None
    for step in range(count):
        with steered(model, score(step)):
            out = model.hf(
                input_ids=ids,
                attention_mask=mask,
                position_ids=_position_ids(mask, ids),
                past_key_values=cache,
            )
        logits, cache = out.logits[:, -1].float(), out.past_key_values
        if not may_end:
            logits[:, end] = -torch.inf
        ids = torch.multinomial((logits / TEMPERATURE).softmax(-1), 1, generator=generator)
        mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
        written.append(ids)
    return [_truncate_at(row, end) for row in torch.cat(written, dim=1).tolist()]


def pad_left(prompts: Sequence[Sequence[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Rows padded on the left to one length, and the attention mask."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[pad] * (longest - len(row)) + list(row) for row in prompts])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in prompts])
    return ids, mask


def _position_ids(mask: Tensor, ids: Tensor) -> Tensor:
    return (mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]


def _truncate_at(row: list[int], end: int) -> list[int]:
    return row[: row.index(end)] if end in row else row
