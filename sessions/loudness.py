"""How loud a channel is, in one unit for all: what its band pushes together, in mean residual norms (‖Δ‖/‖h‖).

A scale alone says little beside another one: 0.4 relative on one layer moves 0.4 norms, 0.4 natural on four layers the
class gap of its vector four times, which may be anything. The sum over the band is the one that a strip shows as Σ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import SteerError
from core.levels import dose
from sessions.known import mixer_of
from sessions.state import State

Playing = Mapping[str, Any]
Size = Callable[[Playing], float | None]


def unknown(playing: Playing) -> float | None:
    """Nobody has said how large anything is."""
    return None


def sizes(state: State) -> Size:
    """By what the session has been told of its model and its vectors; None where that is not enough."""
    facts = state.model.facts if state.model else {}
    n_layers = int(facts.get("n_layers", 0))
    residual = {int(layer): float(norm) for layer, norm in facts.get("residual_norms", {}).items()}

    def size(playing: Playing) -> float | None:
        try:
            (channel,) = mixer_of({"channels": [playing]}, state.vectors, n_layers).channels
            return dose(channel, n_layers, lambda: residual)[1]
        except (SteerError, KeyError):
            return None

    return size


def loudest(channels: Sequence[Playing], size: Size) -> Playing | None:
    """Where a size is not known, scales are compared, as long as all of them have the same unit."""
    known = [size(channel) for channel in channels]
    units = {channel.get("unit", "relative") for channel in channels}
    if None not in known:
        return max(zip(known, channels, strict=True), key=lambda pair: pair[0] or 0.0, default=(0, None))[1]
    return max(channels, key=lambda channel: abs(channel["scale"])) if len(units) == 1 else None
