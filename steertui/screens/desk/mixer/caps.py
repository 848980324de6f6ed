"""Parses a requested cap and applies it to a strip. Pure.

Bounds are given along the vector as loaded; a flipped channel stores them mirrored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from core.errors import UsageError
from core.mixer.cap_bounds import EXAMPLE, Bound, parse_bounds
from core.mixer.effects import channel_bounds, format_layers
from core.mixer.layer_ranges import parse_layers
from core.mixer.mixer import Channel
from sessions.state.channel_words import format_plain
from steertui.screens.desk.mixer.edits import (
    MixerBoard,
    MixerEdit,
    move_to_band,
    restore_band,
    set_cap,
)
from steertui.widgets.mixer.dial import layers_of


@dataclass(frozen=True)
class CapRequest:
    """A cap: bounds along the vector as loaded, and layers if the preset sets them."""

    floor: Bound = None
    ceiling: Bound = None
    layers: tuple[int, ...] | None = None


def paper_cap(board: MixerBoard) -> CapRequest:
    """Lu et al., The Assistant Axis: floor at the 25th percentile, late in the stack (70–90 % of the depth)."""
    return CapRequest(floor="p25", layers=_layers_in_share(board, "70%-90%"))


def small_model_cap(board: MixerBoard) -> CapRequest:
    """For shallow models: the same floor on the middle third of the layers."""
    return CapRequest(floor="p25", layers=_layers_in_share(board, "33.3333%-66.6667%"))


def neutral_cap(board: MixerBoard) -> CapRequest:
    """Pin the projection half way between the two classes, per layer."""
    channel = board.channel
    known: Mapping[int, float] = getattr(channel.vector, "midpoints", {})
    layers = layers_of(channel, board.n_layers)
    unknown = [layer for layer in layers if layer not in known]
    if unknown or not layers:
        raise UsageError(
            f"the neutral point of '{channel.label}' has not been measured"
            f"{f' at layer {unknown[0]}' if unknown else ''}: run steertui check {channel.label}"
        )
    middle = {layer: known[layer] for layer in layers}
    return CapRequest(middle, middle)


def no_cap(board: MixerBoard) -> CapRequest:
    return CapRequest()


PRESETS: Mapping[str, Callable[[MixerBoard], CapRequest]] = {
    "paper": paper_cap,
    "small model": small_model_cap,
    "neutral": neutral_cap,
    "off": no_cap,
}


def parse_cap(board: MixerBoard, text: str) -> CapRequest:
    """Parse a preset name, or bounds such as `>0.5 <p75`."""
    word = " ".join(text.lower().split())
    if word in PRESETS:
        return PRESETS[word](board)
    if not word:
        raise UsageError(f"write bounds such as {EXAMPLE}, or one of {', '.join(PRESETS)}")
    return CapRequest(*parse_bounds(text))


def apply_cap(board: MixerBoard, wish: CapRequest) -> MixerEdit:
    """Apply a cap to the selected strip; raises if a percentile is not known."""
    before = board
    if wish.layers is not None:
        board = move_to_band(board, wish.layers)
    elif wish == CapRequest():
        board = restore_band(board)
    channel = board.channel
    floor, ceiling = wish.floor, wish.ceiling
    # Mirroring swaps the bounds: the floor along the vector is the ceiling of its negative.
    if channel.flipped:
        floor, ceiling = _flipped_bound(channel, ceiling, board), _flipped_bound(channel, floor, board)
    after = set_cap(board, floor, ceiling)
    for layer in layers_of(after.channel, board.n_layers):
        # Only called for its error: a percentile may not have been measured at this layer.
        channel_bounds(after.channel, layer)
    return MixerEdit.between(before, after)


def cap_meaning(board: MixerBoard, wish: CapRequest) -> str:
    """A cap in numbers: `≥ 1.8 … 2.4 on L3–8`."""
    held = apply_cap(board, wish).board
    layers = layers_of(held.channel, held.n_layers)
    if not held.channel.is_capped or not layers:
        return "no cap" if not held.channel.is_capped else ""
    lows, highs = zip(*(channel_bounds(held.channel, layer) for layer in layers), strict=True)
    sides = [_range_words("≥", lows), _range_words("≤", highs)]
    same = lows == highs
    return f"{_range_words('=', lows) if same else ' '.join(filter(None, sides))} on L{format_layers(layers)}"


def _range_words(sign: str, values: tuple[float, ...]) -> str:
    # An open side is infinite.
    known = sorted(value for value in values if math.isfinite(value))
    if not known:
        return ""
    low, high = (format_plain(float(f"{value:.3g}")) for value in (known[0], known[-1]))
    return f"{sign} {low}" if low == high else f"{sign} {low} … {high}"


def _layers_in_share(board: MixerBoard, shares: str) -> tuple[int, ...]:
    """The layers of the vector within that share of the depth."""
    if not board.n_layers:
        raise UsageError("the model is not loaded yet, so its depth is not known")
    wanted = parse_layers(shares, board.n_layers)
    # The vector may lack some of these layers.
    layers = tuple(layer for layer in wanted if layer in board.channel.vector.directions)
    if not layers:
        raise UsageError(f"'{board.channel.label}' covers none of the layers {format_layers(wanted)}")
    return layers


def _flipped_bound(channel: Channel, bound: Bound, board: MixerBoard) -> Bound:
    """A bound as the flipped channel stores it; a percentile is converted to numbers first."""
    if isinstance(bound, str):
        # A percentile has no negative: it is looked up along the vector and mirrored as a number.
        straight = replace(channel, flipped=False, floor=bound, ceiling=None)
        bound = {layer: channel_bounds(straight, layer)[0] for layer in layers_of(channel, board.n_layers)}
    if isinstance(bound, Mapping):
        return {layer: -value for layer, value in bound.items()}
    return None if bound is None else -float(bound)
