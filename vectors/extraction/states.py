"""Reads the states of many texts at chosen tokens, as steps of a job that can stop and resume anywhere.

Batches depend only on the texts and the token budget, never on what is already there: an interrupted run
meets the same batches and writes the same bytes as an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from core.activations import batches, positions
from core.activations.capture import Rows, capture_steps, empty_rows, store_in
from core.activations.positions import Choice
from core.activations.row_files import capture_key, open_row_files
from core.jobs.job import Steps
from vectors.texts.tokenized import TokenizedText

if TYPE_CHECKING:
    from core.model.model import Model


@dataclass(frozen=True)
class ReadSettings:
    """How states are read: layers, tokens per batch, the folder that holds them, and the label of the
    progress.
    """

    layers: tuple[int, ...]
    batch_tokens: int | None = None
    store: Path | None = None
    progress_label: str = "texts read"

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
    places = positions.chosen_positions(choices, lengths)
    budget = batches.batch_budget(model, how.batch_tokens)
    # All that changes a row: the budget too, because the shape of a batch affects rounding.
    key = capture_key(model.fingerprint, str(model.dtype), list(how.layers), ids, places, budget)
    files = open_row_files(how.store, key, how.layers, len(ids), model.hidden_size) if how.store else None
    rows, done = files.rows if files else empty_rows(model, how.layers, len(ids)), set[int]()
    store = store_in(rows)
    if files is not None:
        widths = batches.padded_widths(model, lengths)
        done = _whole_batches(widths, budget, files.finished_indices())

    def keep(indices: Sequence[int], part: Mapping[int, Tensor]) -> None:
        store(indices, part)
        if files is not None:
            # After the rows: what is unmarked after a crash is read again.
            files.mark_finished(indices)

    yield from capture_steps(
        model,
        ids,
        keep,
        layers=how.layers,
        read=choices,
        batch_tokens=budget,
        done=done,
        label=how.progress_label,
    )
    return rows


def _whole_batches(widths: Sequence[int], budget: int, done: set[int]) -> set[int]:
    """The texts of complete batches; a batch that was cut short is read again as a whole."""
    kept: set[int] = set()
    waiting = batches.by_length(widths)
    while waiting:
        indices = batches.take_batch(waiting, widths, budget)
        waiting = waiting[len(indices) :]
        # Only whole batches from the start: the rest is then cut into the same batches again.
        if not done.issuperset(indices):
            break
        kept.update(indices)
    return kept
