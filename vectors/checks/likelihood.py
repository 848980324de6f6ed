"""Log-probabilities of a text under the steered model, and their KL divergence from the unsteered model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core import steered
from core.mixer.mixer import Mixer

if TYPE_CHECKING:
    from core.model.model import Model

UNSTEERED = Mixer()


@dataclass(frozen=True)
class TextScore:
    """One text scored by both models, per token from `start` on: NLL unsteered, KL(steered ‖ unsteered), and the
    entropies of both, one per token.
    """

    nll: float
    kl: float
    entropies: tuple[float, ...] = ()
    unsteered_entropies: tuple[float, ...] = ()


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


def score_text(model: Model, ids: Sequence[int], start: int, mixer: Mixer) -> TextScore:
    """NLL under the unsteered model, and KL(steered ‖ unsteered) averaged over the positions of the text."""
    plain = token_distributions(model, ids, start)
    pushed = token_distributions(model, ids, start, mixer)
    # A token of probability 0 gives 0 · −∞ = NaN, but its term in the KL is 0.
    kl = float((pushed.exp() * (pushed - plain)).nan_to_num(0.0).sum(dim=-1).mean())
    return TextScore(_mean_nll(plain, ids, start), kl, _entropies(pushed), _entropies(plain))


def _entropies(rows: Tensor) -> tuple[float, ...]:
    return tuple((-(rows.exp() * rows).nan_to_num(0.0).sum(dim=-1)).tolist())


@dataclass(frozen=True)
class ClassContinuations:
    """Continuations of either class for the same contexts."""

    contexts: tuple[Sequence[int], ...]
    positive: Sequence[int]
    negative: Sequence[int]

    def propensity(self, model: Model, mixer: Mixer) -> float:
        """m = mean log p(positive words) − mean log p(negative words), averaged over the contexts."""
        apart = [
            mean_logprob(model, [*context, *self.positive], len(context), mixer)
            - mean_logprob(model, [*context, *self.negative], len(context), mixer)
            for context in self.contexts
        ]
        return sum(apart) / len(apart)


def shared_prefix_length(one: Sequence[int], other: Sequence[int]) -> int:
    """Number of leading tokens that two texts have in common."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))


def _mean_nll(rows: Tensor, ids: Sequence[int], start: int) -> float:
    chosen = torch.tensor(list(ids[start:]), device=rows.device)
    return -float(rows.gather(1, chosen[:, None]).mean())
