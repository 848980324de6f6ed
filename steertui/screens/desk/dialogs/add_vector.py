"""Dialogs of the desk: add a vector, type a number, set a cap, leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import UsageError
from core.mixer.mixer import finite
from sessions.state.vector_facts import Known
from steertui.screens.ask import Ask
from steertui.screens.desk.dialogs.cap_dialog import CapDialog
from steertui.screens.desk.first_page import FIRST
from steertui.screens.desk.mixer import edits as hands
from steertui.screens.desk.mixer.caps import Wish, hold
from steertui.screens.pick import Choice, Pick
from steertui.text import safe_text
from steertui.widgets.mixer.dial import SHORT_UNIT, band_text, shown_scale

if TYPE_CHECKING:
    from steertui.screens.desk.screen import Desk

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


def exact(desk: Desk) -> None:
    """Type the scale of the selected strip."""
    channel = desk.rack.board.channel

    def answered(value: float | None) -> None:
        if value is not None:
            desk.rack.attempt(lambda: hands.set_shown(desk.rack.board, value))

    title = f"scale of {channel.label} ({SHORT_UNIT[channel.unit]})"
    now = f"{shown_scale(channel):g}"
    desk.app.push_screen(
        Ask(title, _number, now, "a number; the sign is along the vector as loaded"), answered
    )


def layer(desk: Desk) -> None:
    """Type the value of one layer in the fader bank."""
    channel, bank = desk.rack.board.channel, desk.rack.bank
    at = bank.cursor

    def answered(value: float | None) -> None:
        if value is not None:
            desk.rack.attempt(lambda: hands.draw(desk.rack.board, at, value))

    title = f"layer {at} of {channel.label} ({SHORT_UNIT[channel.unit]})"
    hint = "a number; the sign is along the vector as loaded, the other layers stay"
    desk.app.push_screen(Ask(title, _number, f"{bank.value():g}", hint), answered)


def threshold(desk: Desk) -> None:
    """Set the cap: typed or a preset."""

    def answered(wish: Wish | None) -> None:
        if wish is not None and desk.rack.attempt(lambda: hold(desk.rack.board, wish)) and wish.layers:
            label, band = desk.rack.board.channel.label, desk.rack.board.channel.layers
            desk.notify(
                safe_text(f"{label} acts on {band_text(band or ())} now (push and cap); {BACK}"), markup=False
            )

    desk.app.push_screen(CapDialog(desk.rack.board), answered)


def add_vector(desk: Desk) -> None:
    """Choose a vector from the library and add a strip for it."""
    # Reading cards costs an import of numpy, which the first frame need not wait for.
    from steertui.screens.vector_choices import vectors_at_hand

    loaded = {channel.label for channel in desk.rack.board.mixer.channels}
    choices = [choice for choice in vectors_at_hand() if choice.name not in loaded]
    if not loaded:
        choices.sort(key=lambda choice: choice.name != FIRST)

    def answered(source: str | None) -> None:
        if source is not None:
            desk.later(play(desk, source))

    desk.app.push_screen(
        Pick("add a vector", choices, free="type to filter, or the path of a file"), answered
    )


async def play(desk: Desk, source: str) -> None:
    """Load a vector in the engine and add a strip for it."""
    reply = await desk.link.ask("vector.load", source=source)
    if reply is None:
        return
    name = reply["name"]
    board = desk.rack.board
    if any(channel.label == name for channel in board.mixer.channels):
        desk.warn(f"{name} has a strip already")
        return
    known = Known.told(desk.link.state.vectors[name])
    desk.rack.attempt(lambda: hands.add(desk.rack.board, known))


def search(desk: Desk) -> None:
    """Search earlier prompts of all sessions, newest first; enter puts one into the prompt."""
    said = list(dict.fromkeys(reversed(desk.prompt.earlier)))
    choices = [Choice(str(n), " ".join(text.split())) for n, text in enumerate(said)]

    def answered(chosen: str | None) -> None:
        if chosen is not None:
            desk.prompt.load_text(said[int(chosen)])
            desk.modes.type()

    desk.app.push_screen(Pick("earlier prompts", choices, wide=True), answered)


def leave(desk: Desk) -> None:
    """Ask whether to detach or to shut the engine down."""
    if desk.link.client is None:
        desk.app.exit(0)
        return

    async def go(how: str) -> None:
        wanted = how == "shutdown"
        stopped = wanted and await desk.link.ask("shutdown", reason="quit from the desk") is not None
        words = parting(desk, stopped)
        await desk.link.close()
        desk.app.exit(0, message=words)

    def answered(how: str | None) -> None:
        if how in ("detach", "shutdown"):
            desk.later(go(how))

    choices = LEAVE_BOTH if desk.inline else LEAVE
    desk.app.push_screen(Pick("leave the desk", choices, filtered=False), answered)


def parting(desk: Desk, stopped: bool) -> str:
    """The message printed after the screen has closed; empty if the engine was already lost."""
    link = desk.link
    if not stopped:
        return GOES_ON if link.up else ""
    kept = link.recorded and link.state.turns
    return KEPT.format(link.state.session[-6:]) if kept else "The engine has stopped."


def _number(text: str) -> float:
    if not text.strip():
        raise UsageError("type a number, or esc to leave it as it is")
    return finite("scale", text.replace("−", "-"))
