"""The form for a strip's other settings: gain, layers, scope, half-life, split and more, and the mixer's keep-norm."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from core.mixer.layer_ranges import parse_layers, write_layers
from core.mixer.mixer import SCOPES
from sessions.state.channel_words import SHORT_UNIT
from steertui.screens.desk.dialogs import readers
from steertui.screens.desk.dialogs.form import DeskForm, FormQuestion
from steertui.screens.desk.mixer.edits import MixerBoard, MixerEdit
from steertui.widgets.mixer.dial import layers_of, shown_scale, stored_scale

OFF = "off"
YES_NO = ("yes", "no")
GAIN = "multiplies the projection: 0 ablates, -1 reflects, 1 pins, 2 amplifies; off"


def strip_form(board: MixerBoard) -> DeskForm:
    """The form for the selected strip."""
    return DeskForm(f"strip {board.selected + 1} · {board.channel.label}", _questions(board))


def edit_from_form(board: MixerBoard, values: dict[str, Any]) -> MixerEdit | None:
    """The edit that the form describes; None if nothing changed."""
    before = board
    keep_norm = values.pop("keep_norm")
    scale = stored_scale(board.channel, values.pop("shown"))
    # The default band is stored as None; left as it was, it must not become a list.
    if values["layers"] == layers_of(board.channel, board.n_layers):
        values["layers"] = board.channel.layers
    board = board.edit(scale=scale, **values)
    board = replace(board, mixer=replace(board.mixer, keep_norm=keep_norm))
    return None if board.mixer == before.mixer else MixerEdit.between(before, board)


def _questions(board: MixerBoard) -> list[FormQuestion]:
    channel, n_layers = board.channel, board.n_layers
    gain, half = (OFF if x is None else f"{x:g}" for x in (channel.gain, channel.half_life))
    unit = SHORT_UNIT[channel.unit]
    return [
        FormQuestion(
            "shown",
            f"scale ({unit})",
            f"{shown_scale(channel):g}",
            "along the vector as loaded",
            readers.read_number,
        ),
        FormQuestion(
            "layers",
            "layers",
            write_layers(layers_of(channel, n_layers)),
            f"such as 3-8, 3-8,12, all or 40%-85%; the model has {n_layers}",
            partial(parse_layers, n_layers=n_layers),
        ),
        FormQuestion(
            "split",
            "split",
            _yes_no(channel.split),
            "divide the scale over the layers",
            readers.read_yes_no,
            YES_NO,
        ),
        FormQuestion("gain", "gain", gain, GAIN, readers.optional_reader(OFF, readers.read_number)),
        FormQuestion(
            "scope",
            "scope",
            channel.scope,
            "which tokens are steered",
            readers.choice_reader(*SCOPES),
            SCOPES,
        ),
        FormQuestion(
            "not_in",
            "tool calls",
            _yes_no(not channel.not_in),
            "steer the model's tool calls too",
            lambda text: () if readers.read_yes_no(text) else ("tool",),
            YES_NO,
        ),
        FormQuestion(
            "half_life",
            "half-life",
            half,
            "tokens until the push has faded to a half; off",
            readers.optional_reader(OFF, readers.read_positive),
        ),
        FormQuestion(
            "keep_norm",
            "keep norm",
            _yes_no(board.mixer.keep_norm),
            "of the whole mixer: keep the norm of the hidden state",
            readers.read_yes_no,
            YES_NO,
        ),
    ]


def _yes_no(on: bool) -> str:
    return "yes" if on else "no"
