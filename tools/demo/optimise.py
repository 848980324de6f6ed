"""The training loop: next-token loss on freshly generated rows.

Muon (Jordan et al. 2024) orthogonalises the updates of the matrices inside the blocks, which makes ten minutes of
one core enough. The tuned model is trained with AdamW alone, because Muon's flat spectrum would leave its weight
difference without a leading direction.
"""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from tools.demo.corpus import next_batch
from tools.demo.recipe import Rates, Schedule

BETAS = (0.9, 0.95)


def train_model(
    model: PreTrainedModel,
    stream: Iterator[int],
    schedule: Schedule,
    rates: Rates,
    on_step: Callable[[int, float], None],
) -> None:
    """Train in place; `on_step(step, loss)` is called after every step."""
    optimisers = _optimisers(model, rates)
    full = [group["lr"] for optimiser in optimisers for group in optimiser.param_groups]
    model.train()
    for step in range(schedule.steps):
        groups = [group for optimiser in optimisers for group in optimiser.param_groups]
        for group, rate in zip(groups, full, strict=True):
            group["lr"] = rate * schedule.rate(step)
        loss = next_token_loss(model, next_batch(stream, *schedule.shape(step)))
        loss.backward()
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        on_step(step, loss.item())
    model.eval()


def next_token_loss(model: PreTrainedModel, ids: Tensor) -> Tensor:
    """Mean negative log likelihood of each token given the tokens before it."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(input_ids=ids, use_cache=False).logits
    return functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), ids[:, 1:].flatten())


def _optimisers(model: PreTrainedModel, rates: Rates) -> list[torch.optim.Optimizer]:
    if rates.muon is None:
        return [torch.optim.AdamW(model.parameters(), lr=rates.rest, betas=BETAS, weight_decay=0.0)]
    matrices = [p for layer in model.model.layers for p in layer.parameters() if p.ndim == 2]
    inside = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in inside]
    return [
        torch.optim.Muon(matrices, lr=rates.muon, momentum=0.95, weight_decay=0.0),
        torch.optim.AdamW(rest, lr=rates.rest, betas=BETAS, weight_decay=0.0),
    ]
