"""Dialogs that ask for one number: a scale, the value of a layer, tokens to take back."""

from __future__ import annotations

from core.errors import UsageError
from core.mixer.mixer import Channel
from core.mixer.numbers import finite_number
from sessions.state.channel_words import SHORT_UNIT
from steertui.screens.ask import InputDialog
from steertui.screens.desk.dialogs.readers import read_positive_count
from steertui.widgets.mixer.dial import shown_scale

REWIND = (
    "during an answer it goes on from there, with the mixer of that token;\n"
    "after the end another answer starts, and both are kept"
)


def scale_dialog(channel: Channel) -> InputDialog[float]:
    """The scale of a strip."""
    title = f"scale of {channel.label} ({SHORT_UNIT[channel.unit]})"
    hint = "a number; the sign is along the vector as loaded"
    return InputDialog(title, _parse_number, f"{shown_scale(channel):g}", hint)


def layer_dialog(channel: Channel, layer: int, value: float) -> InputDialog[float]:
    """The value of one layer in the fader bank."""
    title = f"layer {layer} of {channel.label} ({SHORT_UNIT[channel.unit]})"
    hint = "a number; the sign is along the vector as loaded, the other layers stay"
    return InputDialog(title, _parse_number, f"{value:g}", hint)


def rewind_dialog(tokens: int) -> InputDialog[int]:
    """How many tokens to take back."""
    return InputDialog("take back how many tokens?", read_positive_count, str(tokens), REWIND)


def _parse_number(text: str) -> float:
    if not text.strip():
        raise UsageError("type a number, or esc to leave it as it is")
    # Numbers are shown with a true minus sign, which `float` does not read.
    return finite_number("scale", text.replace("−", "-"))
