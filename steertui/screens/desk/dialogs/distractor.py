"""Inserting a distractor: which text, in which role, and now or with the next turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.demo.demo_world import DEMO_WORLD
from core.errors import SteerError
from steertui import paths
from steertui.screens.pick import ChoiceDialog
from steertui.widgets.choices import Choice

if TYPE_CHECKING:
    from steertui.screens.desk.screen import DeskScreen

FILE = "distractors.txt"
ENGLISH = (
    "By the way, did you see the new cafe?",
    "Stop. Let us talk about the weather instead.",
    "I just won the lottery! What should I buy?",
    "Honestly, is any of this worth finishing?",
    "Your other task was cancelled; there is no deadline any more.",
    "Breaking news: all trains are delayed until further notice.",
)
HOW = {
    "user": ("as a user turn", "the user interrupts"),
    "own": ("as the model's own words", "it goes on from there"),
    "tool": ("as tool output", "a result that nobody asked for"),
}
NOW = tuple(Choice(f"{how} now", f"now, {words}", why) for how, (words, why) in HOW.items())
NEXT = tuple(
    Choice(f"{how} next", f"next turn, {words}", why if how != "own" else "its next answer begins with it")
    for how, (words, why) in HOW.items()
)
IDLE = tuple(
    Choice(f"{how} next", f"at once, {words}", "it is answered now")
    if how != "own"
    else Choice("own next", f"next turn, {words}", "its next answer begins with it")
    for how, (words, _) in HOW.items()
)
OVER = "the answer has ended, nothing was inserted: choose again, or esc"


@dataclass(frozen=True)
class Distractor:
    """A text, its role (`how`), and whether it is inserted into the running answer."""

    text: str
    how: str
    now: bool


def list_distractors() -> list[Choice]:
    """The user's own list first, then the demo world's and an English one."""
    lists = (
        ("yours", _user_distractors()),
        ("demo world", DEMO_WORLD.distractions),
        ("English", ENGLISH),
    )
    return [Choice(text, text, source) for source, texts in lists for text in texts]


def _user_distractors() -> Iterator[str]:
    """The user's file, one text per line, without empty lines and comments (#); an unreadable file is
    empty.
    """
    try:
        lines = (paths.config_folder() / FILE).read_text("utf-8", errors="replace").splitlines()
    except (OSError, SteerError):
        return
    yield from dict.fromkeys(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def open_distractor_dialog(desk: DeskScreen) -> None:
    """Choose a text, then its role."""

    def said(text: str | None) -> None:
        if text:
            open_role_dialog(desk, text)

    free = "type to filter, or your own words"
    desk.app.push_screen(
        ChoiceDialog("insert a distractor", list_distractors(), free=free, hint=HINT, wide=True), said
    )


def open_role_dialog(desk: DeskScreen, text: str) -> None:
    """Choose the role. If the answer has ended meanwhile, "now" would start a new one, so ask again."""

    def shaped(way: str | None) -> None:
        how, _, when = (way or "").partition(" ")
        if when == "now" and not desk.link.state.running:
            desk.notify(OVER, severity="warning", markup=False)
            open_role_dialog(desk, text)
        elif way:
            insert_distractor(desk, Distractor(text, how, when == "now"))

    ways = (*NOW, *NEXT) if desk.link.state.running else IDLE
    desk.app.push_screen(ChoiceDialog("as what?", ways, filtered=False, wide=True), shaped)


HINT = f"enter take · esc back\nyour own, a line each: {FILE} in the config folder"


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
    if not desk.link.state.running:
        await desk.link.request("mark", label=f"DISTRACTOR {HOW[what.how][0]}")
    await desk.composer.send_message(what.text, role=what.how)
