"""Layers where channels gain, cap or keep the norm: their directions, Gram matrix and K-space program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import UsageError
from core.mixer.effects import ChannelEffect
from core.steering.algebra import SteeringProgram, gain_matrix
from core.steering.caps import CapTable, solve_caps
from core.steering.effect_table import SILENT, EffectTable
from core.steering.vector_rows import VectorRows

SAME_DIRECTION = 0.999


@dataclass(frozen=True)
class SharedRows:
    """Directions [K, d] of one layer and G = V Vᵀ in float64; `row_of_vector[j]` is (row, ±1)."""

    rows: Tensor
    gram: NDArray[np.float64]
    row_of_vector: tuple[tuple[int, float], ...]


def merge_rows(stacks: Sequence[VectorRows], layer: int) -> SharedRows:
    """Merge directions closer than |cos| 0.999 into one row, so that G can be inverted."""
    rows = torch.stack([stack.rows[layer] for stack in stacks])
    cosines = (rows.double() @ rows.double().T).cpu().numpy()
    kept: list[int] = []
    seats = []
    for j in range(len(stacks)):
        twin = next((i for i in kept if abs(cosines[i, j]) > SAME_DIRECTION), None)
        if twin is None:
            kept.append(j)
        home = j if twin is None else twin
        # Opposite directions share a row; the sign mirrors their pushes and bounds.
        seats.append((kept.index(home), 1.0 if cosines[home, j] > 0 else -1.0))
    return SharedRows(
        rows[kept].contiguous(), np.ascontiguousarray(cosines[np.ix_(kept, kept)]), tuple(seats)
    )


def row_effects(
    score: EffectTable, stacks: Sequence[VectorRows], where: SharedRows, lane: int, layer: int
) -> list[ChannelEffect]:
    """One lane's effects per row; merged vectors are combined with the sign of their cosine."""
    levels: list[ChannelEffect | None] = [None] * len(where.gram)
    for stack, (row, sign) in zip(stacks, where.row_of_vector, strict=True):
        level = score.effect_at(stack, lane, layer)
        # The vector that owns a row comes before those merged into it, and its sign is +1.
        there = levels[row]
        levels[row] = (
            level
            if there is None
            else there.combined_with(level, sign, f"at layer {layer}, {_vector_names(stacks)}")
        )
    full = [level or SILENT for level in levels]
    if not _compatible(full, where.gram.tolist()):
        raise UsageError(
            f"the caps at layer {layer} contradict each other: {_vector_names(stacks)} depend on one another, "
            "and no state keeps all their bounds"
        )
    return full


def _compatible(levels: Sequence[ChannelEffect], gram: Sequence[Sequence[float]]) -> bool:
    """Whether some state satisfies all bounds at once; for two separate directions one always exists."""
    on = [i for i, level in enumerate(levels) if level.is_capped]
    if len(on) < 3:
        return True
    small = [[gram[i][j] for j in on] for i in on]
    floors, ceilings = [levels[i].floor for i in on], [levels[i].ceiling for i in on]
    # Projections of every state lie in the range of G, as corrections do:
    # so bounds that can be met from q = 0 can be met from any q.
    return solve_caps([0.0] * len(on), small, floors, ceilings)[1] is None


def build_program(
    lanes: Sequence[Sequence[ChannelEffect]], gram: NDArray[np.float64], keep_norm: Sequence[bool]
) -> SteeringProgram[NDArray[np.float64]]:
    """The K-space program in numpy; for several lanes the arrays have leading axes [lanes, 1, K]."""
    gains = [gain_matrix(gram, [level.gain for level in levels], np) for levels in lanes]
    capped = any(level.is_capped for levels in lanes for level in levels)
    return SteeringProgram(
        gram,
        gain=_stack_lanes(gains) if any(m.any() for m in gains) else None,
        add=_stack_lanes([np.array([level.push for level in levels]) for levels in lanes]),
        keep_norm=_stack_lanes([np.array([keep]) for keep in keep_norm]) if any(keep_norm) else None,
        floor=_stack_lanes([np.array([level.floor for level in levels]) for levels in lanes])
        if capped
        else None,
        ceiling=_stack_lanes([np.array([level.ceiling for level in levels]) for levels in lanes])
        if capped
        else None,
    )


def as_tensors(arrays: SteeringProgram[NDArray[np.float64]], device: torch.device) -> SteeringProgram[Tensor]:
    """The same program as tensors on the layer's device, so that no pass waits for the host."""
    kind = {"keep_norm": torch.bool}
    tensors = {
        name: torch.as_tensor(x, dtype=kind.get(name, torch.float32), device=device)
        for name, x in vars(arrays).items()
        if x is not None
    }
    table = None
    if arrays.floor is not None and arrays.ceiling is not None:
        # A row capped in one lane is in the table of all; elsewhere its bounds are infinite.
        bound = np.isfinite(arrays.floor) | np.isfinite(arrays.ceiling)
        capped = np.flatnonzero(bound.reshape(-1, bound.shape[-1]).any(0)).tolist()
        table = CapTable.from_gram(arrays.gram, capped, device)
    return SteeringProgram(caps=table, **tensors)


def _stack_lanes(lanes: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return lanes[0] if len(lanes) == 1 else np.stack(lanes)[:, None]


def _vector_names(stacks: Sequence[VectorRows]) -> str:
    return " and ".join(f"'{getattr(s.vector, 'name', None) or 'vector'}'" for s in stacks)
