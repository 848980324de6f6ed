"""The dialogs for a distractor: which text, in which role, and now or with the next turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.demo.demo_world import DEMO_WORLD
from core.errors import SteerError
from core.files import JSON_BYTES, read_utf8
from steertui import paths
from steertui.screens.pick import ChoiceDialog
from steertui.widgets.choices import Choice

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
HINT = f"enter take · esc back\nyour own, a line each: {FILE} in the config folder"


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
    # A text is also the id of its row, and ids must be unique: the first list that has it shows it.
    rows: dict[str, Choice] = {}
    for source, texts in lists:
        for text in texts:
            rows.setdefault(text, Choice(text, text, source))
    return list(rows.values())


def _user_distractors() -> Iterator[str]:
    """The user's file, one text per line, without empty lines and comments (#); an unreadable file is
    empty.
    """
    try:
        lines = read_utf8(paths.config_folder() / FILE, JSON_BYTES, errors="replace").splitlines()
    except (OSError, SteerError):
        return
    yield from (line.strip() for line in lines if line.strip() and not line.startswith("#"))


def distractor_dialog() -> ChoiceDialog:
    """Choose a text, or type one."""
    free = "type to filter, or your own words"
    return ChoiceDialog("insert a distractor", list_distractors(), free=free, hint=HINT, wide=True)


def role_dialog(*, running: bool) -> ChoiceDialog:
    """Choose the role, and during an answer whether to insert it now; see `distractor_from_choice`."""
    return ChoiceDialog("as what?", (*NOW, *NEXT) if running else IDLE, filtered=False, wide=True)


def distractor_from_choice(text: str, way: str) -> Distractor:
    """The distractor from the results of both dialogs."""
    how, _, when = way.partition(" ")
    return Distractor(text, how, when == "now")
