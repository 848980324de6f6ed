"""Selects the positions of a prompt to read and averages them: the last, all, or a choice per prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from core.errors import UsageError

Choice: TypeAlias = int | tuple[int, int] | slice | Sequence[int] | Sequence[bool]
Read: TypeAlias = str | Sequence[Choice]


def chosen_positions(read: Read, lengths: Sequence[int]) -> list[np.ndarray]:
    """Per prompt the positions to average, counted from its own first token.

    A choice is an index, a (start, stop) pair, a slice, a list of indices or a mask as long as the prompt;
    negative numbers count from the end.
    """
    if isinstance(read, str):
        if read not in ("last", "mean"):
            raise UsageError(f"read must be 'last', 'mean' or one choice per prompt, not {read!r}")
        return [np.arange(n - 1 if read == "last" else 0, n) for n in lengths]
    if len(read) != len(lengths):
        raise UsageError(f"{len(read)} choices of positions for {len(lengths)} prompts")
    return [_resolve_choice(choice, n, i) for i, (choice, n) in enumerate(zip(read, lengths, strict=True))]


def average_positions(hidden: Tensor, chosen: Sequence[np.ndarray]) -> Tensor:
    """Average [B, T, d] over each row's positions, giving [B, d] in float32 on the CPU."""
    counts = [len(places) for places in chosen]
    rows = torch.repeat_interleave(torch.arange(len(chosen)), torch.tensor(counts))
    columns = torch.from_numpy(np.concatenate(chosen))
    # From half of the positions on, one product over all of them is faster than gathering.
    if len(columns) * 2 >= hidden.shape[0] * hidden.shape[1]:
        return _average_by_product(hidden, rows, columns, counts)
    # Gathered first: only the chosen positions are converted and copied to the CPU.
    picked = hidden[rows.to(hidden.device), columns.to(hidden.device)].float().cpu()
    # No choice is empty, so as many positions as rows means one each.
    if len(rows) == len(chosen):
        return picked
    sums = torch.zeros(len(chosen), hidden.shape[-1]).index_add_(0, rows, picked)
    return sums / torch.tensor(counts, dtype=torch.float32)[:, None]


def _average_by_product(hidden: Tensor, rows: Tensor, columns: Tensor, counts: list[int]) -> Tensor:
    """The same as one matrix product, faster when most positions are read."""
    weights = torch.zeros(hidden.shape[:2])
    weights[rows, columns] = 1.0 / torch.tensor(counts, dtype=torch.float32)[rows]
    weights = weights.to(hidden.device)
    # Padding may hold NaN, and 0 · NaN is NaN.
    read = hidden.float().masked_fill((weights == 0)[..., None], 0.0)
    return torch.einsum("bt,btd->bd", weights, read).cpu()


def _resolve_choice(choice: Choice, length: int, index: int) -> np.ndarray:
    everything = np.arange(length)
    try:
        places = everything[_index(choice, length)]
    except IndexError:
        raise UsageError(f"prompt {index} has {length} tokens; {choice!r} is beyond it") from None
    if places.size == 0:
        raise UsageError(f"prompt {index}: {choice!r} reads no position of its {length} tokens")
    return np.atleast_1d(places)


def _index(choice: Choice, length: int) -> slice | np.ndarray:
    if isinstance(choice, slice):
        return choice
    if isinstance(choice, tuple):
        # A slice would silently stop at the end, and fewer positions would be averaged.
        if choice[1] is not None and choice[1] > length:
            raise IndexError
        return slice(*choice)
    index = np.atleast_1d(np.asarray(choice))
    # As integers, the values of a mask would be the positions 0 and 1.
    return index if index.dtype == bool else index.astype(np.int64)
