"""Log-probabilities of a text under the steered or the unsteered model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core import steered
from core.mixer.mixer import Mixer

if TYPE_CHECKING:
    from core.model.model import Model

UNSTEERED = Mixer()


def token_distributions(model: Model, ids: Sequence[int], start: int, mixer: Mixer = UNSTEERED) -> Tensor:
    """[tokens from start, vocabulary] log-probabilities of each next token, in float32."""
    row = torch.tensor([list(ids)], device=model.device)
    with torch.no_grad(), steered(model, mixer):
        logits: Tensor = model.hf(input_ids=row).logits
    # The logits at a position belong to the token after it, hence one place earlier.
    return torch.log_softmax(logits[0, start - 1 : len(ids) - 1].float(), dim=-1)


def mean_logprob(model: Model, ids: Sequence[int], start: int, mixer: Mixer = UNSTEERED) -> float:
    """Mean log-probability per token from `start` on."""
    return -_mean_nll(token_distributions(model, ids, start, mixer), ids, start)


def _mean_nll(rows: Tensor, ids: Sequence[int], start: int) -> float:
    chosen = torch.tensor(list(ids[start:]), device=rows.device)
    return -float(rows.gather(1, chosen[:, None]).mean())
