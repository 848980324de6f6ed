"""Numbers of the mixer: step sizes per unit, and how values, bands and caps are written."""

from __future__ import annotations

from collections.abc import Sequence

from core.mixer.effects import channel_band, format_layers
from core.mixer.mixer import Channel
from sessions.state.channel_words import cap_words, format_signed

STEPS = {"relative": (0.05, 0.25), "natural": (0.1, 0.5), "unit": (0.5, 2.0), "raw": (0.5, 2.0)}
SPANS = {"relative": 1.0, "natural": 4.0, "unit": 8.0, "raw": 8.0}


def shown_scale(channel: Channel) -> float:
    """The scale along the vector as loaded: for a flipped channel the sign is changed."""
    return -channel.scale if channel.flipped else channel.scale


def stored_scale(channel: Channel, shown: float) -> float:
    """The inverse of `shown_scale`: the scale to store so that `shown` is displayed."""
    return -shown if channel.flipped else shown


def scale_span(channel: Channel) -> float:
    """Half the width of the scale bar: fixed per unit, doubled until the value fits."""
    reach = SPANS[channel.unit]
    while abs(channel.scale) > reach:
        reach *= 2
    return reach


def scale_after_step(channel: Channel, direction: int, coarse: bool) -> float:
    """The stored scale one step further as displayed; a step never jumps over zero."""
    now = shown_scale(channel)
    # Rounded, because the errors of repeated float steps would add up.
    after = round(now + direction * STEPS[channel.unit][coarse], 6)
    return stored_scale(channel, 0.0 if now * after < 0 else after)


def format_short(value: float) -> str:
    """A signed number with about three digits."""
    return format_signed(value, 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0)


def band_text(layers: Sequence[int]) -> str:
    """L3–8, or L3–5, 9 for a band with holes; empty while the model is unknown."""
    return f"L{format_layers(layers)}" if layers else ""


def layers_of(channel: Channel, n_layers: int) -> tuple[int, ...]:
    """The layers the channel acts on in a model of this depth; empty while the depth is unknown."""
    return tuple(layer for layer in channel_band(channel, n_layers) if layer < n_layers) if n_layers else ()


def cap_text(channel: Channel) -> str:
    """≥ 3, ≤ p75, or both; empty without a cap. A flipped channel shows mirrored bounds."""
    return cap_words(channel.floor, channel.ceiling, flipped=channel.flipped)
