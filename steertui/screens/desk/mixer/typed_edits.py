"""Edits of the mixer that are typed as a slash word, at the desk and in the plain chat. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.errors import UsageError
from core.mixer.layer_ranges import parse_layers
from core.mixer.numbers import finite_number
from steertui.commands.slash_words import split_number, usage_line
from steertui.screens.desk.mixer import caps, edits
from steertui.screens.desk.mixer.edits import MixerBoard, MixerEdit


def typed_edit(board: MixerBoard, selected: int | None, name: str, text: str) -> MixerEdit:
    """The edit that a slash word and its argument describe. `selected`: the channel if the text names none."""
    if name in WHOLE_MIXER:
        return WHOLE_MIXER[name](board)
    index, value = split_number(name, text, len(board.mixer.channels), selected)
    if name in SWITCHES:
        if value:
            raise UsageError(usage_line(name))
        return SWITCHES[name](board.select(index))
    if not value or (" " in value and name not in LONG_VALUES):
        raise UsageError(usage_line(name))
    return VALUES[name](board.select(index), value)


def _scale(board: MixerBoard, text: str) -> MixerEdit:
    return edits.set_scale(board, _number("scale", text))


def _gain(board: MixerBoard, text: str) -> MixerEdit:
    gain = None if text.lower() == "off" else _number("gain", text)
    return MixerEdit.between(board, board.edit(gain=gain))


def _cap(board: MixerBoard, text: str) -> MixerEdit:
    return caps.apply_cap(board, caps.parse_cap(board, text))


def _band(board: MixerBoard, text: str) -> MixerEdit:
    return MixerEdit.between(board, board.edit(layers=parse_layers(text, board.n_layers)))


def _unit(board: MixerBoard, text: str) -> MixerEdit:
    return MixerEdit.between(board, board.edit(unit=text))


def _number(what: str, text: str) -> float:
    # Numbers are shown with a true minus sign, which `float` does not read.
    return finite_number(what, text.replace("−", "-"))


WHOLE_MIXER: Mapping[str, Callable[[MixerBoard], MixerEdit]] = {"bypass": edits.bypass}
SWITCHES: Mapping[str, Callable[[MixerBoard], MixerEdit]] = {
    "flip": edits.flip,
    "mute": edits.mute,
    "solo": edits.solo,
    "remove": edits.remove_channel,
}
VALUES: Mapping[str, Callable[[MixerBoard, str], MixerEdit]] = {
    "scale": _scale,
    "gain": _gain,
    "cap": _cap,
    "band": _band,
    "unit": _unit,
}
LONG_VALUES = {"cap", "band"}
"""Words whose value may contain spaces."""
TYPED_EDITS = (*WHOLE_MIXER, *SWITCHES, *VALUES)
