"""The push of a channel, comparable between units: the sum over its layers in mean residual norms (‖Δ‖/‖h‖).

Scales in different units cannot be compared: 0.4 relative on one layer shifts by 0.4 norms, 0.4 natural on
four layers by four times 0.4 class gaps. The sum is the number a strip shows as Σ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import SteerError
from core.mixer.effects import channel_dose
from sessions.state.state import SessionState
from sessions.state.vector_facts import rebuild_mixer

Playing = Mapping[str, Any]
Size = Callable[[Playing], float | None]


def unknown_size(playing: Playing) -> float | None:
    """A size function that knows no sizes."""
    return None


def push_size(state: SessionState) -> Size:
    """A size function from the model and vector facts in `state`; it returns None where facts are missing."""
    facts = state.model.facts if state.model else {}
    n_layers = int(facts.get("n_layers", 0))
    residual = {int(layer): float(norm) for layer, norm in facts.get("residual_norms", {}).items()}

    def size(playing: Playing) -> float | None:
        try:
            (channel,) = rebuild_mixer({"channels": [playing]}, state.vectors, n_layers).channels
            # The second value is the sum over the layers; the first is the largest push on one layer.
            return channel_dose(channel, n_layers, lambda: residual)[1]
        except (SteerError, KeyError):
            return None

    return size


def loudest_channel(channels: Sequence[Playing], size: Size) -> Playing | None:
    """The channel with the largest push. If a size is unknown, scales are compared, provided all units are
    equal.
    """
    known = [size(channel) for channel in channels]
    units = {channel.get("unit", "relative") for channel in channels}
    if None not in known:
        return max(zip(known, channels, strict=True), key=lambda pair: pair[0] or 0.0, default=(0, None))[1]
    return max(channels, key=lambda channel: abs(channel["scale"])) if len(units) == 1 else None
