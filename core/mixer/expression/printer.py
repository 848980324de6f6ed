"""Writes a mixer as one line; the parser reads the same settings and vectors back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from core.mixer.expression.names import PLAIN, name_of_vector, write_name
from core.mixer.expression.options import write_options
from core.mixer.layer_ranges import write_layers

if TYPE_CHECKING:
    from core.mixer.mixer import Channel, Mixer


def write_line(mixer: Mixer) -> str:
    """The line of a mixer: `bypassed: 0.35 natural determined-drifting@3-6[split] - 0.2 relative pirate`."""
    flags = [("bypassed", mixer.bypassed), ("keep-norm", mixer.keep_norm)]
    head = " ".join(flag for flag, on in flags if on)
    return f"{head}: {_write_terms(mixer)}" if head else _write_terms(mixer)


def _write_terms(mixer: Mixer) -> str:
    line = ""
    for channel in mixer.channels:
        # -0.0 has a sign as well, which a comparison with 0 does not see.
        negative = math.copysign(1.0, channel.scale) < 0
        if not line:
            line = _write_term(channel, channel.scale)
        else:
            line += (" - " if negative else " + ") + _write_term(channel, abs(channel.scale))
    return line or PLAIN


def _write_term(channel: Channel, scale: float) -> str:
    name = write_name(name_of_vector(channel.vector, channel.label))
    return f"{scale!r} {channel.unit} {name}{_write_band(channel)}{write_options(channel)}"


def _write_band(channel: Channel) -> str:
    if channel.layers is None:
        return ""
    # Shares and `all` stand as they were written.
    layers = channel.layers if isinstance(channel.layers, str) else write_layers(channel.layers)
    return f"@{layers}"
