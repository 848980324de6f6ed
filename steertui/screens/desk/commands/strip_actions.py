"""Edits of the selected strip: one key each, or a dialog for a number, a cap or all its settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.errors import UsageError
from steertui.screens.desk.dialogs.cap_dialog import CAP_KEYS, CapDialog
from steertui.screens.desk.dialogs.number import layer_dialog, scale_dialog
from steertui.screens.desk.dialogs.strip import edit_from_form, strip_form
from steertui.screens.desk.mixer import edits
from steertui.screens.desk.mixer.caps import CapRequest, apply_cap
from steertui.screens.desk.mixer.edits import MixerBoard, MixerEdit
from steertui.text import safe_text
from steertui.widgets.mixer.dial import band_text, layers_of
from steertui.widgets.mixer.strip_face import dose_texts

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

BACK = "c turns the cap off and restores its own band"


def strip_edit(
    change: Callable[[MixerBoard], MixerEdit | None], kind: str = ""
) -> Callable[[DeskScreen], None]:
    """The action of a pure edit; for `kind` see `EditHistory.record_edit`."""

    def act(desk: DeskScreen) -> None:
        desk.mixer_panel.try_edit(lambda: change(desk.mixer_panel.board), kind)

    return act


def open_scale_dialog(desk: DeskScreen) -> None:
    """Type the scale of the selected strip."""
    panel = desk.mixer_panel

    def set_scale(value: float) -> None:
        panel.try_edit(lambda: edits.set_scale(panel.board, value))

    desk.open_dialog(scale_dialog(panel.board.channel), set_scale)


def open_layer_dialog(desk: DeskScreen) -> None:
    """Type the value of one layer in the fader bank."""
    panel, layer = desk.mixer_panel, desk.mixer_panel.bank.cursor

    def set_layer(value: float) -> None:
        panel.try_edit(lambda: edits.set_layer_scale(panel.board, layer, value))

    desk.open_dialog(layer_dialog(panel.board.channel, layer, panel.bank.value()), set_layer)


def toggle_cap(desk: DeskScreen) -> None:
    """Turn the cap off or on; if there is no cap yet, open its dialog."""
    if desk.mixer_panel.toggle_cap():
        said = edits.setting_words("cap", desk.mixer_panel.board.channel)
        desk.notify(safe_text(f"{said}; {CAP_KEYS}"), markup=False)
    else:
        open_cap_dialog(desk)


def open_cap_dialog(desk: DeskScreen) -> None:
    """Set the cap: typed or a preset."""
    panel = desk.mixer_panel

    def set_cap(wish: CapRequest) -> None:
        # A preset with layers has moved the whole strip, so the user is told.
        if panel.try_edit(lambda: apply_cap(panel.board, wish)) and wish.layers:
            label, band = panel.board.channel.label, layers_of(panel.board.channel, panel.board.n_layers)
            desk.notify(
                safe_text(f"{label} acts on {band_text(band)} now (push and cap); {BACK}"), markup=False
            )

    desk.open_dialog(CapDialog(panel.board), set_cap)


def open_strip_form(desk: DeskScreen) -> None:
    """Open the form with all settings of the selected strip."""
    panel = desk.mixer_panel

    def change_strip(values: dict[str, Any]) -> None:
        panel.try_edit(lambda: edit_from_form(panel.board, values))

    desk.open_dialog(strip_form(panel.board), change_strip)


def cycle_unit(desk: DeskScreen) -> None:
    """Change the unit of the scale and notify the user of the new number and the doses."""
    panel = desk.mixer_panel
    if panel.try_edit(lambda: edits.next_unit(panel.board)):
        now = panel.board
        words = [
            f"{edits.setting_words('scale', now.channel)}: the same push",
            *dose_texts(now.channel, now.n_layers, now.residual),
        ]
        desk.notify(safe_text(f"{', '.join(words)}; z undoes"), markup=False)


def apply_lamp_advice(desk: DeskScreen) -> None:
    """Apply the advice of the collapse lamp; z undoes it."""
    advice = desk.transcript_panel.lamp.advice
    if advice is None:
        raise UsageError("the collapse lamp has no advice now")
    panel = desk.mixer_panel
    panel.try_edit(lambda: edits.apply_advice(panel.board, advice.channel, advice.scale))
