"""Inserts a distractor into an answer or the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from steertui.screens.desk.dialogs.distractor import (
    HOW,
    OVER,
    Distractor,
    distractor_dialog,
    distractor_from_choice,
    role_dialog,
)

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen


def open_distractor_dialog(desk: DeskScreen) -> None:
    """Choose a text, then its role."""

    def choose_role(text: str) -> None:
        if text:
            open_role_dialog(desk, text)

    desk.open_dialog(distractor_dialog(), choose_role)


def open_role_dialog(desk: DeskScreen, text: str) -> None:
    """Choose the role. If the answer has ended meanwhile, "now" would start a new one, so ask again."""

    def insert(way: str) -> None:
        what = distractor_from_choice(text, way)
        if what.now and not desk.link.state.running:
            desk.notify(OVER, severity="warning", markup=False)
            open_role_dialog(desk, text)
        else:
            insert_distractor(desk, what)

    desk.open_dialog(role_dialog(running=desk.link.state.running is not None), insert)


def repeat_distractor(desk: DeskScreen) -> None:
    """Insert the last distractor again in the same way."""
    if desk.composer.last_distractor is None:
        open_distractor_dialog(desk)
    else:
        insert_distractor(desk, desk.composer.last_distractor)


def insert_distractor(desk: DeskScreen, what: Distractor) -> None:
    """Insert into the running answer, or send as the next turn, or prefill the next answer."""
    desk.composer.last_distractor = what
    if what.now and desk.link.state.running:
        desk.request("inject", text=what.text, how=what.how)
    elif what.how == "own":
        desk.composer.next_prefill = what.text
        desk.notify("the next answer will begin with it", timeout=3)
    else:
        desk.run_async(_send_message(desk, what))


async def _send_message(desk: DeskScreen, what: Distractor) -> None:
    """Send it as a turn, after a marker that names it a distractor."""
    # During an answer the turn only waits, so a marker now would stand in that answer.
    if not desk.link.state.running:
        await desk.link.request("mark", label=f"DISTRACTOR {HOW[what.how][0]}")
    await desk.composer.send_message(what.text, role=what.how)
