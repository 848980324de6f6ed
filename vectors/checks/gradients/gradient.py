"""The gradient of log-probabilities by a vector added to the residual stream: one pass for all directions.

δ is added to every block's output at all positions of its row and stays 0, so ∂/∂δ_l is the slope at dose 0:
the slope of log p in a direction u is Σ_l ⟨∂/∂δ_l, u_l⟩. Positions of prompt and reply have a δ each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import ModelError
from core.jobs.job import Progress, Steps, gpu_task
from core.model.row_pushes import RowPushes
from vectors.checks.gradients.scored_rows import RowBatch, ScoredRow, batch_logprobs, row_chunks

if TYPE_CHECKING:
    from core.model.model import Model

BATCH_TOKENS = 320
"""A backward pass holds about forty widths per token and layer; this keeps it short and small."""
Floats = NDArray[np.float32]


class GradientUnavailable(ModelError):
    """The model's kernels have no backward pass, or its weights are not in memory."""


@dataclass(frozen=True)
class RowGradients:
    """Per row: log p of the reply, its gradient by δ of prompt and reply [rows, 2, L, d], states [rows, L, d].

    `means` are mean states over the reply's tokens, `lasts` those of its last token, both unsteered.
    """

    logprobs: Floats
    by_part: Floats
    means: Floats
    lasts: Floats

    @property
    def total(self) -> Floats:
        """[rows, L, d]: δ added at all positions."""
        whole: Floats = self.by_part.sum(axis=1)
        return whole


def row_gradients(
    model: Model, rows: Sequence[ScoredRow], *, summed: bool = False, label: str = "texts differentiated"
) -> Steps[RowGradients]:
    """Gradients of each row's mean log p per token, or of its sum; raises `GradientUnavailable`."""
    refuse_without_gradient(model)
    shape = (len(rows), 2, model.n_layers, model.hidden_size)
    found = RowGradients(
        np.zeros(len(rows), np.float32),
        np.zeros(shape, np.float32),
        np.zeros((shape[0], *shape[2:]), np.float32),
        np.zeros((shape[0], *shape[2:]), np.float32),
    )
    done = 0
    for part in row_chunks(rows, BATCH_TOKENS):
        few = [rows[index] for index in part]
        one = yield gpu_task(partial(_batch_gradients, model, few, summed))
        for target, values in zip(
            (found.logprobs, found.by_part, found.means, found.lasts), one, strict=True
        ):
            target[list(part)] = values
        yield Progress(done := done + len(part), len(rows), label)
    return found


def refuse_without_gradient(model: Model) -> None:
    """Raise where the kernels of quantised weights have no backward pass, or weights lie outside memory."""
    if getattr(model.hf, "is_quantized", False) and not _has_backward_kernels(model):
        method = getattr(model.hf.hf_quantizer.quantization_config, "quant_method", "an unnamed method")
        method = getattr(method, "value", method)
        raise GradientUnavailable(f"{model.name} is quantised ({method}): its kernels have no backward pass")
    if any(parameter.device.type == "meta" for parameter in model.hf.parameters()):
        raise GradientUnavailable(f"{model.name} is offloaded: its weights are not in memory")


def _has_backward_kernels(model: Model) -> bool:
    """Whether transformers' quantiser says that the input of its layers can be differentiated."""
    answer = model.hf.hf_quantizer.is_trainable
    # A method in some quantisers (FP-Quant), a property in the others.
    return bool(answer() if callable(answer) else answer)


def _batch_gradients(
    model: Model, rows: Sequence[ScoredRow], summed: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    batch = RowBatch.of(rows, model.device)
    deltas = [
        torch.zeros(len(rows), 2, model.hidden_size, device=site.device, requires_grad=True)
        for site in model.anatomy.sites
    ]
    masks = _part_masks(batch)
    states = _ReplyStates(_reply_mask(batch), model)
    with (
        torch.enable_grad(),
        frozen_weights(model),
        _refusing_cut_gradients(model),
        _pushed_by(model, deltas, masks, states),
    ):
        logprobs = batch_logprobs(model, batch).gather(1, batch.targets[:, None])[:, 0]
        sums = torch.stack([part.sum() for part in logprobs.split([len(row.reply) for row in rows])])
        lengths = torch.tensor([len(row.reply) for row in rows], device=sums.device)
        means = sums / lengths
        _backward((sums if summed else means).sum(), model)
    if any(delta.grad is None for delta in deltas):
        raise GradientUnavailable(f"{model.name} has no backward pass through its blocks")
    by_part = torch.stack([delta.grad.float().cpu() for delta in deltas if delta.grad is not None], dim=2)
    return means.detach().float().cpu().numpy(), by_part.numpy(), states.means.numpy(), states.lasts.numpy()


def _backward(total: Tensor, model: Model) -> None:
    try:
        total.backward()
    except torch.OutOfMemoryError:
        raise
    # What a kernel without a backward pass raises has no class of its own.
    except RuntimeError as problem:
        raise GradientUnavailable(f"{model.name} has no backward pass: {problem}") from problem


@contextmanager
def _refusing_cut_gradients(model: Model) -> Iterator[None]:
    """Raise inside where a quantised layer's output no longer depends on its input, whatever its quantiser says.

    Nothing else would tell: the residual stream goes around every layer, so a gradient arrives in any case, without
    what such layers contribute.
    """

    def look(module: nn.Module, args: tuple[object, ...], output: object) -> None:
        given = any(isinstance(x, Tensor) and x.requires_grad for x in args)
        if given and isinstance(output, Tensor) and not output.requires_grad:
            raise GradientUnavailable(
                f"{model.name} has no backward pass: the output of {type(module).__name__} has no gradient"
            )

    quantised = getattr(model.hf, "is_quantized", False)
    leaves = [module for module in model.hf.modules() if quantised and not any(module.children())]
    handles = [leaf.register_forward_hook(look) for leaf in leaves]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _pushed_by(model: Model, deltas: Sequence[Tensor], masks: Tensor, states: _ReplyStates) -> Iterator[None]:
    pushes = {
        # [rows, 2, positions] against [rows, 2, d]: each position gets the δ of its part, padding none.
        layer: torch.einsum("rpt,rpd->rtd", masks.to(delta.device), delta)
        for layer, delta in enumerate(deltas)
    }
    steering = model.steering
    with (
        steering.steering_with(RowPushes(pushes)),
        steering.hooking_outputs(range(model.n_layers), states.keep),
    ):
        yield


def _part_masks(batch: RowBatch) -> Tensor:
    """[rows, 2, positions]: 1 on the prompt's positions, and 1 on those of the answer.

    As everywhere in the program, the prompt's last position belongs to the answer: it produces its first token.
    """
    masks = torch.zeros(len(batch.rows), 2, batch.ids.shape[1], device=batch.ids.device)
    for number, row in enumerate(batch.rows):
        masks[number, 0, : len(row.context) - 1] = 1.0
        masks[number, 1, len(row.context) - 1 : len(row.ids)] = 1.0
    return masks


def _reply_mask(batch: RowBatch) -> Tensor:
    """[rows, positions]: 1 on the reply's tokens."""
    mask = torch.zeros(batch.ids.shape, device=batch.ids.device)
    for number, row in enumerate(batch.rows):
        mask[number, len(row.context) : len(row.ids)] = 1.0
    return mask


class _ReplyStates:
    """Collects the states of the replies while the pass runs."""

    def __init__(self, mask: Tensor, model: Model) -> None:
        self._weights = mask / mask.sum(dim=1, keepdim=True)
        ends = mask.shape[1] - 1 - mask.flip(1).argmax(dim=1)
        self._last = torch.zeros_like(mask).scatter_(1, ends[:, None], 1.0)
        self.means = torch.zeros(mask.shape[0], model.n_layers, model.hidden_size)
        self.lasts = torch.zeros_like(self.means)

    def keep(self, layer: int, hidden: Tensor) -> None:
        states = hidden.detach().float()
        for target, weights in ((self.means, self._weights), (self.lasts, self._last)):
            target[:, layer] = torch.einsum("rt,rtd->rd", weights.to(states.device), states).cpu()


@contextmanager
def frozen_weights(model: Model) -> Iterator[None]:
    """No gradients for the weights inside: they would take the memory of a second model."""
    trained = [parameter for parameter in model.hf.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trained:
            parameter.requires_grad_(True)


def pair_gradients(found: RowGradients, owners: Sequence[tuple[int, float]], pairs: int) -> Floats:
    """[pairs, 2, L, d]: rows summed into their pair with the row's weight (+ positive, − negative)."""
    total = np.zeros((pairs, *found.by_part.shape[1:]), np.float32)
    for row, (pair, weight) in enumerate(owners):
        total[pair] += weight * found.by_part[row]
    return total
