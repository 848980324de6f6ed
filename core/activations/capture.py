"""Captures activations at block outputs, through the hooks that steer, so that both see the same state.

Batches are grouped by length under a token budget; the forward pass is unsteered, has no unembedding and no cache,
and stops after the last requested layer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from core.activations import batches, positions
from core.activations.batches import Batch
from core.activations.positions import Read
from core.errors import OutOfMemory, UsageError
from core.generation.token_ids import Text, text_ids
from core.jobs.job import Progress, Steps, gpu_task, run_steps
from core.model.model import Model

Prompts: TypeAlias = Sequence[Text]
Rows: TypeAlias = dict[int, Tensor]
KeepRows: TypeAlias = Callable[[Sequence[int], Mapping[int, Tensor]], None]


@dataclass(frozen=True)
class CapturedRows:
    """Captured activations, one float32 row per prompt at each layer: {L: [n, d]}."""

    rows: Rows


class _LastLayerRead(Exception):
    """Ends a forward pass early; raised between two blocks, so no module is interrupted."""


def capture(
    model: Model,
    prompts: Prompts,
    *,
    layers: Sequence[int] | None = None,
    read: Read = "last",
    batch_tokens: int | None = None,
) -> CapturedRows:
    """Capture activations of every prompt; `read` is 'last', 'mean' or one choice of positions per prompt."""
    wanted, ids = _checked_layers(model, layers), token_ids(model, prompts)
    rows = empty_rows(model, wanted, len(ids))
    run_steps(capture_steps(model, ids, store_in(rows), layers=wanted, read=read, batch_tokens=batch_tokens))
    return CapturedRows(rows)


def capture_steps(
    model: Model,
    prompts: Prompts,
    keep: KeepRows,
    *,
    layers: Sequence[int] | None = None,
    read: Read = "last",
    batch_tokens: int | None = None,
    done: Collection[int] = (),
    label: str = "texts read",
) -> Steps[None]:
    """The same as steps of a job, one batch each: `keep(indices, {L: [b, d]})` gets the rows; skips `done`."""
    ids = token_ids(model, prompts)
    parts = _read_batches(
        model, ids, _checked_layers(model, layers), read, batches.batch_budget(model, batch_tokens), done
    )
    # No batch follows, so the job would otherwise report no progress at all.
    if (count := len(done)) == len(ids):
        yield Progress(count, count, label)
    # One batch per task: queued chat work runs in between.
    while (part := (yield gpu_task(lambda: next(parts, None)))) is not None:
        keep(*part)
        count += len(part[0])
        yield Progress(count, len(ids), label)


def empty_rows(model: Model, layers: Sequence[int], count: int) -> Rows:
    """Memory for the rows of `count` prompts."""
    return {layer: torch.empty(count, model.hidden_size) for layer in layers}


def store_in(rows: Mapping[int, Tensor]) -> KeepRows:
    """A `keep` that writes every batch to its places in `rows`."""

    def keep(indices: Sequence[int], part: Mapping[int, Tensor]) -> None:
        for layer, values in part.items():
            rows[layer][indices] = values

    return keep


def token_ids(model: Model, prompts: Prompts) -> list[list[int]]:
    """Tokenize prompts; raises if one is empty or exceeds the context."""
    # A bare string is one prompt, not a sequence of characters.
    ids = [text_ids(model, prompt) for prompt in ([prompts] if isinstance(prompts, str) else prompts)]
    for i, row in enumerate(ids):
        if not row or len(row) > model.max_context:
            raise UsageError(f"prompt {i} is {len(row)} tokens, limit {model.max_context}")
    return ids


def _read_batches(
    model: Model,
    ids: Sequence[Sequence[int]],
    layers: Sequence[int],
    read: Read,
    budget: int,
    done: Collection[int],
) -> Iterator[tuple[list[int], Rows]]:
    """(indices, rows) of one batch after the other."""
    lengths = [len(row) for row in ids]
    chosen, widths = positions.chosen_positions(read, lengths), batches.padded_widths(model, lengths)
    waiting = [i for i in batches.by_length(widths) if i not in done]
    while waiting:
        indices = batches.take_batch(waiting, widths, budget)
        batch = batches.pad_batch(ids, indices, widths[indices[0]], model.device)
        try:
            rows = read_batch(model, batch, layers, [chosen[i] for i in indices])
        except torch.OutOfMemoryError:
            if len(indices) == 1:
                raise OutOfMemory(f"a prompt of {batch.tokens} tokens does not fit into memory") from None
            # Half of what was tried, not of the budget: the batch may have been smaller.
            budget = max(1, batch.ids.numel() // 2)
            continue
        waiting = waiting[len(indices) :]
        yield indices, rows


def read_batch(model: Model, batch: Batch, layers: Sequence[int], chosen: Sequence[np.ndarray]) -> Rows:
    """One pass through the trunk, up to the last of `layers`; each row's chosen positions, averaged."""
    rows: Rows = {}

    def look(layer: int, hidden: Tensor) -> None:
        rows[layer] = positions.average_positions(hidden, chosen)
        # The layers are sorted, so all others have been read by now.
        if layer == layers[-1]:
            raise _LastLayerRead

    steering = model.steering
    with (
        torch.no_grad(),
        steering.steering_with(None),
        steering.hooking_outputs(layers, look),
        suppress(_LastLayerRead),
    ):
        # Padding stands on the right, where causal attention never reads it: the mask can be full.
        model.anatomy.trunk(input_ids=batch.ids, attention_mask=torch.ones_like(batch.mask), use_cache=False)
    return rows


def _checked_layers(model: Model, layers: Sequence[int] | None) -> list[int]:
    wanted = sorted(set(range(model.n_layers) if layers is None else layers))
    if not wanted or wanted[0] < 0 or wanted[-1] >= model.n_layers:
        outside = [layer for layer in wanted if not 0 <= layer < model.n_layers]
        raise UsageError(f"layer {outside[0] if outside else '(none)'}, model has {model.n_layers}")
    return wanted
