"""The form for a strip's other settings: gain, layers, scope, half-life, split, and the mixer's keep-norm."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from core.mixer.layer_ranges import parse_layers, write_layers
from core.mixer.mixer import SCOPES
from sessions.state.mixer_words import describe_change
from steertui.screens.desk.dialogs import readers
from steertui.screens.desk.dialogs.form import DeskForm, FormQuestion
from steertui.screens.desk.mixer.edits import MixerBoard, MixerEdit
from steertui.widgets.mixer.dial import SHORT_UNIT, layers_of, shown_scale, stored_scale

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

OFF = "off"
YES_NO = ("yes", "no")
GAIN = "multiplies the projection: 0 ablates, -1 reflects, 1 pins, 2 amplifies; off"


def open_strip_form(desk: DeskScreen) -> None:
    """Open the form for the selected strip."""
    board = desk.mixer_panel.board
    title = f"strip {board.selected + 1} · {board.channel.label}"

    def answered(values: dict[str, Any] | None) -> None:
        if values is not None:
            desk.mixer_panel.try_edit(lambda: edit_from_form(desk.mixer_panel.board, values))

    desk.app.push_screen(DeskForm(title, _questions(board)), answered)


def edit_from_form(board: MixerBoard, values: dict[str, Any]) -> MixerEdit | None:
    """The edit that the form describes; None if nothing changed."""
    before = board.mixer.to_json()
    keep_norm = values.pop("keep_norm")
    scale = stored_scale(board.channel, values.pop("shown"))
    if values["layers"] == layers_of(board.channel, board.n_layers):
        values["layers"] = board.channel.layers
    board = board.edit(scale=scale, **values)
    board = replace(board, mixer=replace(board.mixer, keep_norm=keep_norm))
    after = board.mixer.to_json()
    return None if before == after else MixerEdit(board, describe_change(before, after))


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
