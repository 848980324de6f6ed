"""Meters: the projections of a layer's states before and after steering, read during the forward pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from core.mixer.effects import channel_band, channel_bounds
from core.mixer.mixer import Channel, Mixer
from core.steering.algebra import TINY

Projections = dict[int, dict[int, tuple[float, float]]]
"""{channel: {layer: (before, after)}} of one token."""


class MeterReading(NamedTuple):
    """Projections [B, T, channels] of one layer before and after steering, for the metered channels.

    `relative_change` is ‖Δ‖/‖h‖ [B, T]; a compiled step does not measure it.
    """

    layer: int
    channels: tuple[int, ...]
    before: Tensor
    after: Tensor
    relative_change: Tensor | None = None


def read_meter(
    layer: int, channels: tuple[int, ...], rows: Tensor, hidden: Tensor, steered: Tensor
) -> MeterReading:
    """Project the states of one layer on the metered channels' `rows` [channels, d]."""
    before, after = hidden.float() @ rows.T, steered.float() @ rows.T
    return MeterReading(layer, channels, before, after, _relative_change(hidden, steered))


def _relative_change(hidden: Tensor, steered: Tensor) -> Tensor:
    """‖Δ‖/‖h‖ per position."""
    if steered is hidden:
        return hidden.new_zeros(hidden.shape[:2], dtype=torch.float32)
    state = hidden.float()
    return (steered.float() - state).norm(dim=-1) / state.norm(dim=-1).clamp(min=TINY)


def lane_projections(readings: Sequence[MeterReading], position: int, lane: int = 0) -> Projections:
    """One lane's projections at `position`, counted from the first that was read."""
    seen: Projections = {}
    for reading, here in _readings_at(readings, position):
        before, after = reading.before[lane, here].tolist(), reading.after[lane, here].tolist()
        for channel, x, y in zip(reading.channels, before, after, strict=True):
            seen.setdefault(channel, {})[reading.layer] = (x, y)
    return seen


def largest_change(readings: Sequence[MeterReading], position: int, lane: int = 0) -> float | None:
    """The largest ‖Δ‖/‖h‖ at `position` over metered layers; None if it was not measured."""
    seen = ((reading.relative_change, here) for reading, here in _readings_at(readings, position))
    return max((float(moved[lane, here]) for moved, here in seen if moved is not None), default=None)


def _readings_at(readings: Sequence[MeterReading], position: int) -> Iterator[tuple[MeterReading, int]]:
    """The readings that contain this position, with its index; readings of a layer are consecutive."""
    passed: Counter[int] = Counter()
    for reading in readings:
        here = position - passed[reading.layer]
        passed[reading.layer] += reading.before.shape[1]
        if 0 <= here < reading.before.shape[1]:
            yield reading, here


def caps_on_bound(mixer: Mixer, seen: Projections, slack: Sequence[float]) -> dict[int, bool]:
    """Per acting channel with a cap: whether a metered layer ended on a bound, to within `slack`."""
    found = {}
    for i in mixer.active_indices():
        channel = mixer.channels[i]
        read = [layer for layer in seen.get(i, ()) if layer in channel_band(channel, len(slack))]
        if channel.is_capped and read:
            found[i] = any(_is_on_bound(channel, layer, seen[i][layer][1], slack[layer]) for layer in read)
    return found


def _is_on_bound(channel: Channel, layer: int, projection: float, slack: float) -> bool:
    return min(abs(projection - bound) for bound in channel_bounds(channel, layer)) <= slack
