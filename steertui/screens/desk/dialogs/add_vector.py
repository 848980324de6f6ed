"""Dialogs of the desk: add a vector, type a number, set a cap, leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import UsageError
from core.mixer.mixer import finite_number
from sessions.state.vector_facts import VectorFacts
from steertui.screens.ask import InputDialog
from steertui.screens.desk.dialogs.cap_dialog import CapDialog
from steertui.screens.desk.first_page import FIRST
from steertui.screens.desk.mixer import edits as hands
from steertui.screens.desk.mixer.caps import CapRequest, apply_cap
from steertui.screens.pick import ChoiceDialog
from steertui.text import safe_text
from steertui.widgets.choices import Choice
from steertui.widgets.mixer.dial import SHORT_UNIT, band_text, shown_scale

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

LEAVE = (
    Choice("detach", "detach", "the engine goes on; steertui attach"),
    Choice("shutdown", "shut down", "the engine stops, the session is kept"),
    Choice("stay", "stay", ""),
)
LEAVE_BOTH = (Choice("shutdown", "leave", "the engine ends with the screen, the session is kept"), LEAVE[-1])
"""For `--inline`, where engine and screen are one process."""
GOES_ON = "The engine goes on: steertui attach brings you back."
KEPT = "The engine has stopped. Session {} is kept: F5 in the app, or steertui sessions."
BACK = "c turns the cap off and restores its own band"


def open_scale_dialog(desk: DeskScreen) -> None:
    """Type the scale of the selected strip."""
    channel = desk.mixer_panel.board.channel

    def answered(value: float | None) -> None:
        if value is not None:
            desk.mixer_panel.try_edit(lambda: hands.set_scale(desk.mixer_panel.board, value))

    title = f"scale of {channel.label} ({SHORT_UNIT[channel.unit]})"
    now = f"{shown_scale(channel):g}"
    desk.app.push_screen(
        InputDialog(title, _parse_number, now, "a number; the sign is along the vector as loaded"), answered
    )


def open_layer_dialog(desk: DeskScreen) -> None:
    """Type the value of one layer in the fader bank."""
    channel, bank = desk.mixer_panel.board.channel, desk.mixer_panel.bank
    at = bank.cursor

    def answered(value: float | None) -> None:
        if value is not None:
            desk.mixer_panel.try_edit(lambda: hands.set_layer_scale(desk.mixer_panel.board, at, value))

    title = f"layer {at} of {channel.label} ({SHORT_UNIT[channel.unit]})"
    hint = "a number; the sign is along the vector as loaded, the other layers stay"
    desk.app.push_screen(InputDialog(title, _parse_number, f"{bank.value():g}", hint), answered)


def open_cap_dialog(desk: DeskScreen) -> None:
    """Set the cap: typed or a preset."""

    def answered(wish: CapRequest | None) -> None:
        if (
            wish is not None
            and desk.mixer_panel.try_edit(lambda: apply_cap(desk.mixer_panel.board, wish))
            and wish.layers
        ):
            label, band = desk.mixer_panel.board.channel.label, desk.mixer_panel.board.channel.layers
            desk.notify(
                safe_text(f"{label} acts on {band_text(band or ())} now (push and cap); {BACK}"), markup=False
            )

    desk.app.push_screen(CapDialog(desk.mixer_panel.board), answered)


def open_vector_dialog(desk: DeskScreen) -> None:
    """Choose a vector from the library and add a strip for it."""
    # Reading cards costs an import of numpy, which the first frame need not wait for.
    from steertui.screens.vector_choices import vector_choices

    loaded = {channel.label for channel in desk.mixer_panel.board.mixer.channels}
    choices = [choice for choice in vector_choices() if choice.name not in loaded]
    if not loaded:
        choices.sort(key=lambda choice: choice.name != FIRST)

    def answered(source: str | None) -> None:
        if source is not None:
            desk.run_async(add_vector_strip(desk, source))

    desk.app.push_screen(
        ChoiceDialog("add a vector", choices, free="type to filter, or the path of a file"), answered
    )


async def add_vector_strip(desk: DeskScreen, source: str) -> None:
    """Load a vector in the engine and add a strip for it."""
    reply = await desk.link.request("vector.load", source=source)
    if reply is None:
        return
    name = reply["name"]
    board = desk.mixer_panel.board
    if any(channel.label == name for channel in board.mixer.channels):
        desk.warn(f"{name} has a strip already")
        return
    known = VectorFacts.from_event(desk.link.state.vectors[name])
    desk.mixer_panel.try_edit(lambda: hands.add_channel(desk.mixer_panel.board, known))


def search_prompts(desk: DeskScreen) -> None:
    """Search earlier prompts of all sessions, newest first; enter puts one into the prompt."""
    said = list(dict.fromkeys(reversed(desk.prompt.earlier)))
    choices = [Choice(str(n), " ".join(text.split())) for n, text in enumerate(said)]

    def answered(chosen: str | None) -> None:
        if chosen is not None:
            desk.prompt.load_text(said[int(chosen)])
            desk.modes.enter_type()

    desk.app.push_screen(ChoiceDialog("earlier prompts", choices, wide=True), answered)


def open_leave_dialog(desk: DeskScreen) -> None:
    """Ask whether to detach or to shut the engine down."""
    if desk.link.client is None:
        desk.app.exit(0)
        return

    async def go(how: str) -> None:
        wanted = how == "shutdown"
        stopped = wanted and await desk.link.request("shutdown", reason="quit from the desk") is not None
        words = leave_message(desk, stopped)
        await desk.link.close()
        desk.app.exit(0, message=words)

    def answered(how: str | None) -> None:
        if how in ("detach", "shutdown"):
            desk.run_async(go(how))

    choices = LEAVE_BOTH if desk.inline else LEAVE
    desk.app.push_screen(ChoiceDialog("leave the desk", choices, filtered=False), answered)


def leave_message(desk: DeskScreen, stopped: bool) -> str:
    """The message printed after the screen has closed; empty if the engine was already lost."""
    link = desk.link
    if not stopped:
        return GOES_ON if link.connected else ""
    kept = link.recorded and link.state.turns
    return KEPT.format(link.state.session[-6:]) if kept else "The engine has stopped."


def _parse_number(text: str) -> float:
    if not text.strip():
        raise UsageError("type a number, or esc to leave it as it is")
    return finite_number("scale", text.replace("−", "-"))
