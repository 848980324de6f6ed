"""Reads the states of many texts at chosen tokens, as steps of a job that can stop and resume anywhere.

Batches depend only on the texts and the token budget, never on what is already there: an interrupted run
meets the same batches and writes the same bytes as an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from core.activations import batches, positions
from core.activations.capture import capture_stream
from core.activations.positions import Choice
from core.activations.row_files import capture_key, open_row_files
from core.jobs.job import Progress, Steps, gpu_task
from vectors.texts.tokenized import TokenizedText

if TYPE_CHECKING:
    from core.model.model import Model

ON_CPU, ON_GPU = 512, 16384  # tokens per batch; a measured budget would differ from run to run
Rows = dict[int, Tensor]


@dataclass(frozen=True)
class ReadSettings:
    """How states are read: layers, tokens per batch, the folder that holds them, and the label of the
    progress.
    """

    layers: tuple[int, ...]
    batch_tokens: int | None = None
    store: Path | None = None
    progress_label: str = "texts read"

    def budget(self, model: Model) -> int:
        return self.batch_tokens or (ON_CPU if model.device.type == "cpu" else ON_GPU)

    def for_model(self, name: str) -> ReadSettings:
        """The same settings for one of several models, with a folder of its own."""
        store = self.store / name if self.store else None
        return ReadSettings(
            self.layers, self.batch_tokens, store, f"{self.progress_label} by the {name} model"
        )


def read_states(
    model: Model, sides: Sequence[TokenizedText], choices: Sequence[Choice], how: ReadSettings
) -> Steps[Rows]:
    """{L: [n, d]} float32, in memory or in mapped files if `how.store` names a folder."""
    ids, lengths = [list(side.ids) for side in sides], [len(side.ids) for side in sides]
    places, budget = positions.chosen_positions(choices, lengths), how.budget(model)
    key = capture_key(model.fingerprint, str(model.dtype), list(how.layers), ids, places, budget)
    shards = open_row_files(how.store, key, how.layers, len(ids), model.hidden_size) if how.store else None
    rows = shards.rows if shards else {L: torch.empty(len(ids), model.hidden_size) for L in how.layers}
    done = (
        _whole_batches(batches.padded_widths(model, lengths), budget, shards.finished_indices())
        if shards
        else set()
    )
    stream = capture_stream(model, ids, layers=how.layers, read=choices, batch_tokens=budget, done=done)
    if (count := len(done)) == len(ids):
        yield Progress(count, count, how.progress_label)
    while (part := (yield gpu_task(lambda: next(stream, None)))) is not None:
        indices, values = part
        for layer in how.layers:
            rows[layer][indices] = values[layer]
        if shards is not None:
            shards.mark_finished(indices)
        count += len(indices)
        yield Progress(count, len(ids), how.progress_label)
    return rows


def _whole_batches(widths: Sequence[int], budget: int, done: set[int]) -> set[int]:
    """The texts of complete batches; a batch that was cut short is read again as a whole."""
    kept: set[int] = set()
    waiting = batches.by_length(widths)
    while waiting:
        indices = batches.take_batch(waiting, widths, budget)
        waiting = waiting[len(indices) :]
        if not done.issuperset(indices):
            break
        kept.update(indices)
    return kept
