"""Rows of a context and a reply, and the log-probabilities that a model gives to the replies.

Rows are padded on the right, where causal attention never looks. Rows that begin with the same tokens and
are pushed alike share one pass over them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import DynamicCache

from core.model.cache_layers import has_plain_cache
from core.model.row_pushes import RowPushes

if TYPE_CHECKING:
    from core.model.model import Model

Ids = Sequence[int]
Push = Mapping[int, Tensor]
PROBE_IDS = ((1, 2, 3, 4),)
SHORTEST_PREFIX = 8
"""A shared beginning that is shorter costs more in bookkeeping than it saves."""


@dataclass(frozen=True)
class ScoredRow:
    """A reply after its context; only the reply is scored."""

    context: tuple[int, ...]
    reply: tuple[int, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        return (*self.context, *self.reply)


@dataclass(frozen=True)
class RowBatch:
    """Rows as one padded tensor, with the places [row, position] that predict the replies' tokens."""

    rows: tuple[ScoredRow, ...]
    ids: Tensor
    row_of: Tensor
    place_of: Tensor
    targets: Tensor

    @staticmethod
    def of(
        rows: Sequence[ScoredRow], device: torch.device, skipped: int = 0, scored: int | None = None
    ) -> RowBatch:
        """`skipped` leading tokens of every row are left out: a cache holds them. Only the first `scored`
        rows are scored, where the others are run for their states alone.
        """
        width = max(len(row.ids) for row in rows) - skipped
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        row_of: list[int] = []
        place_of: list[int] = []
        targets: list[int] = []
        for number, row in enumerate(rows):
            ids[number, : len(row.ids) - skipped] = torch.tensor(row.ids[skipped:])
            if scored is not None and number >= scored:
                continue
            first = len(row.context) - skipped - 1
            row_of += [number] * len(row.reply)
            place_of += range(first, first + len(row.reply))
            targets += row.reply
        numbers = (torch.tensor(part, device=device) for part in (row_of, place_of, targets))
        return RowBatch(tuple(rows), ids.to(device), *numbers)


@dataclass(frozen=True)
class ReplyHead:
    """Whether logits are the unembedding of the trunk's output, with nothing scaled or capped behind it."""

    is_plain: bool

    @staticmethod
    def of(model: Model) -> ReplyHead:
        """Tried once per model: then the head may run on the replies' positions alone."""
        found = model.attached.get(ReplyHead)
        if found is None:
            found = model.attached[ReplyHead] = ReplyHead(_head_is_plain(model))
        return found


def batch_logprobs(model: Model, batch: RowBatch, cache: Any = None) -> Tensor:
    """[reply tokens of all rows, vocabulary] log-probabilities in float32; the caller chooses the steering."""
    past = {} if cache is None else {"past_key_values": cache, "use_cache": True}
    if cache is None:
        past = {"use_cache": False}
    if ReplyHead.of(model).is_plain and model.anatomy.unembedding is not None:
        states = model.anatomy.trunk(input_ids=batch.ids, **past)[0]
        logits = model.anatomy.unembedding(states[batch.row_of, batch.place_of])
    else:
        logits = model.hf(input_ids=batch.ids, **past).logits[batch.row_of, batch.place_of]
    return torch.log_softmax(logits.float(), dim=-1)


def reply_logprobs(
    model: Model, rows: Sequence[ScoredRow], push: Push | None = None, scored: int | None = None
) -> Tensor:
    """The same for rows that are all pushed alike, without gradients; a common beginning is run once."""
    count, cache = skipped_length(model, rows), None
    player = None if push is None else RowPushes(push)
    with torch.no_grad(), model.steering.steering_with(player):
        if count:
            start = torch.tensor([rows[0].ids[:count]], device=model.device)
            cache = DynamicCache()
            model.anatomy.trunk(input_ids=start, past_key_values=cache, use_cache=True)
            cache.batch_repeat_interleave(len(rows))
        return batch_logprobs(model, RowBatch.of(rows, model.device, count, scored), cache)


def skipped_length(model: Model, rows: Sequence[ScoredRow]) -> int:
    """Leading tokens that `reply_logprobs` runs once for all rows; 0 where that saves nothing."""
    if len(rows) == 1 or not has_plain_cache(model.hf):
        return 0
    count = shared_length(rows)
    return count if count >= SHORTEST_PREFIX else 0


def mean_logprobs(model: Model, rows: Sequence[ScoredRow], push: Push | None = None) -> list[float]:
    """Mean log p per token of every row's reply."""
    logprobs, batch = reply_logprobs(model, rows, push), RowBatch.of(rows, model.device)
    chosen = logprobs.gather(1, batch.targets[:, None])[:, 0]
    return [float(part.mean()) for part in chosen.split([len(row.reply) for row in rows])]


def shared_length(rows: Sequence[ScoredRow]) -> int:
    """Leading tokens that all contexts have in common, without the last of any context."""
    first = rows[0].context
    # The last token of a context predicts the reply, so it must be run with it.
    return min(
        min(shared_prefix_length(first, row.context) for row in rows),
        min(len(row.context) for row in rows) - 1,
    )


def shared_prefix_length(one: Sequence[int], other: Sequence[int]) -> int:
    """Number of leading tokens that two texts have in common."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))


def row_chunks(rows: Sequence[ScoredRow], tokens: int) -> Iterator[tuple[int, ...]]:
    """Indices of rows in batches of at most this many tokens, padding included; rows of like length meet."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i].ids))
    part: list[int] = []
    for index in order:
        if part and (len(part) + 1) * len(rows[index].ids) > tokens:
            yield tuple(part)
            part = []
        part.append(index)
    if part:
        yield tuple(part)


def _head_is_plain(model: Model) -> bool:
    parts = model.anatomy
    if parts.unembedding is None or parts.trunk is model.hf:
        return False
    ids = torch.tensor(PROBE_IDS, device=model.device)
    steering = model.steering
    # Without the hooks of the caller, whose shapes are not those of the probe.
    with torch.no_grad(), steering.steering_with(None), steering.hooking_outputs((), _no_output):
        whole = model.hf(input_ids=ids, use_cache=False).logits
        direct = parts.unembedding(parts.trunk(input_ids=ids, use_cache=False)[0])
    return whole.shape == direct.shape and bool(torch.allclose(whole, direct, rtol=1e-3, atol=1e-3))


def _no_output(layer: int, hidden: Tensor) -> None:
    """An output hook for no layers."""
