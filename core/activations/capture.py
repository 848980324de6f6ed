"""Captures activations at block outputs, through the hooks that steer, so that both see the same state.

Batches are grouped by length under a measured token budget; the forward pass has no unembedding and no cache,
and stops after the last requested layer.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from core.activations import batches, budget, positions
from core.activations.batches import Batch
from core.activations.budget import TokenBudget
from core.activations.listener import BatchReader
from core.activations.positions import Read
from core.activations.row_files import capture_key, open_row_files
from core.errors import OutOfMemory, UsageError
from core.loading.sources import Progress
from core.mixer.mixer import Mixer
from core.model.model import Model

Prompts: TypeAlias = Sequence[str] | Sequence[Sequence[int]]
Part: TypeAlias = tuple[list[int], dict[int, Tensor]]


@dataclass(frozen=True)
class CapturedRows:
    """Captured activations, one float32 row per prompt at each layer: {L: [n, d]}."""

    rows: dict[int, Tensor]


def capture(
    model: Model,
    prompts: Prompts,
    *,
    layers: Sequence[int] | None = None,
    read: Read = "last",
    batch_tokens: int | None = None,
    mixer: Mixer | None = None,
    padding: str | None = None,
    store: Path | None = None,
    on_progress: Progress | None = None,
) -> CapturedRows:
    """Capture activations of every prompt; `read` is 'last', 'mean' or one choice of positions per prompt.

    Without a mixer the model is unsteered. With `store` the rows are memory-mapped files in that folder, and
    rows already written by an interrupted run of the same capture are reused.
    """
    wanted, ids = _checked_layers(model, layers), token_ids(model, prompts)
    shards = None
    if store is not None:
        chosen = positions.chosen_positions(read, [len(row) for row in ids])
        key = capture_key(model.fingerprint, str(model.dtype), wanted, ids, chosen, _mixer_identity(mixer))
        shards = open_row_files(store, key, wanted, len(ids), model.hidden_size)
    rows = shards.rows if shards else {layer: torch.empty(len(ids), model.hidden_size) for layer in wanted}
    finished = shards.finished_indices() if shards else set()
    settings: dict[str, Any] = {
        "read": read,
        "batch_tokens": batch_tokens,
        "mixer": mixer,
        "padding": padding,
    }
    for indices, part in capture_stream(model, ids, layers=wanted, done=finished, **settings):
        for layer, values in part.items():
            rows[layer][indices] = values
        finished.update(indices)
        if shards is not None:
            shards.mark_finished(indices)
        if on_progress is not None:
            on_progress("capture", len(finished), len(ids))
    return CapturedRows(rows)


def capture_stream(
    model: Model,
    prompts: Prompts,
    *,
    layers: Sequence[int] | None = None,
    read: Read = "last",
    batch_tokens: int | None = None,
    mixer: Mixer | None = None,
    padding: str | None = None,
    done: Collection[int] = (),
) -> Iterator[Part]:
    """Yield (indices, {L: [b, d]}) per batch, so that a job can stop in between; skips `done`."""
    ids = token_ids(model, prompts)
    lengths = [len(row) for row in ids]
    chosen = positions.chosen_positions(read, lengths)
    finished = set(done)
    widths = batches.padded_widths(model, lengths)
    waiting = [i for i in batches.by_length(widths) if i not in finished]
    tokens = budget.budget_for_model(model, sum(lengths[i] for i in waiting), batch_tokens)
    listener = BatchReader(model, _checked_layers(model, layers), mixer, padding)
    while waiting:
        indices = batches.take_batch(waiting, widths, tokens.next_limit())
        batch = batches.pad_batch(ids, indices, widths[indices[0]], model.device, left=listener.pads_left)
        part = _read_within_budget(listener, batch, [chosen[i] for i in indices], tokens)
        if part is not None:
            waiting = waiting[len(indices) :]
            yield indices, part
    budget.remember_budget(model, tokens)


def token_ids(model: Model, prompts: Prompts) -> list[list[int]]:
    """Tokenize texts without a template; raises if a prompt is empty or exceeds the context."""
    if isinstance(prompts, str):
        prompts = [prompts]
    ids = [_prompt_ids(model, prompt) for prompt in prompts]
    for i, row in enumerate(ids):
        if not row or len(row) > model.max_context:
            raise UsageError(f"prompt {i} is {len(row)} tokens, limit {model.max_context}")
    return ids


def _read_within_budget(
    listener: BatchReader, batch: Batch, chosen: Sequence[np.ndarray], tokens: TokenBudget
) -> dict[int, Tensor] | None:
    """Rows of the batch, its speed recorded; None if it ran out of memory and a smaller one may fit."""
    used, start = tokens.next_limit(), time.perf_counter()
    try:
        rows = listener.read(batch, chosen)
    except torch.OutOfMemoryError:
        if len(batch.indices) == 1:
            raise OutOfMemory(f"a prompt of {batch.tokens} tokens does not fit into memory") from None
        tokens.halve(batch.ids.numel())
        return None
    tokens.record_speed(used, batch.tokens, time.perf_counter() - start)
    return rows


def _prompt_ids(model: Model, prompt: str | Sequence[int]) -> list[int]:
    if not isinstance(prompt, str):
        return [int(token) for token in prompt]
    if model.tokenizer is None:
        raise UsageError(f"{model.name} has no tokenizer: give token ids instead of text")
    ids: list[int] = model.tokenizer(prompt)["input_ids"]
    return ids


def _checked_layers(model: Model, layers: Sequence[int] | None) -> list[int]:
    wanted = sorted(set(range(model.n_layers) if layers is None else layers))
    if not wanted or wanted[0] < 0 or wanted[-1] >= model.n_layers:
        outside = [layer for layer in wanted if not 0 <= layer < model.n_layers]
        raise UsageError(f"layer {outside[0] if outside else '(none)'}, model has {model.n_layers}")
    return wanted


def _mixer_identity(mixer: Mixer | None) -> object:
    """Settings and directions of a mixer, because two vectors may share a name."""
    if mixer is None:
        return None
    directions = [[list(item) for item in sorted(c.vector.directions.items())] for c in mixer.channels]
    return [repr(mixer.to_json()), directions]
