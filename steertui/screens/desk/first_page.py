"""The first page of an empty transcript: what this is, what to type, which keys to try."""

from __future__ import annotations

import contextlib

from core.demo.demo_world import world_of
from core.errors import SteerError
from steertui import paths
from steertui.widgets.transcript.document import Item, TranscriptNote

FILE = "coached"
TITLE = "Steer a language model while it speaks."
WORLD = (
    "This is a toy: a tiny model of a toy world in which people work at a task and may be led away from it. "
    "It runs anywhere, so that you can learn the desk."
)
FIRST = "determined-drifting"  # the vector named on the first page, and first in the list
TRY = "The line over the prompt leads you: a first answer, a vector, and a flip while it talks. It takes a minute."
OWN = (
    "Type a message and press enter; ↑ brings back what was said before, and the examples.",
    "tab leaves the prompt (TYPE becomes PLAY): a adds a vector, ] and [ turn it up and down, f flips it.",
)


def first_page_notes(model: str) -> list[Item]:
    """The first page, which fits a small terminal; it is removed at the first turn."""
    if world_of(model) is None:
        return _page_notes(*OWN)
    return _page_notes(WORLD, *(OWN if is_tour_done() else (TRY,)))


def is_tour_done() -> bool:
    """Whether the user has done the tour on this machine."""
    try:
        return (paths.state_folder() / FILE).exists()
    except SteerError:
        return False


def mark_tour_done() -> None:
    # Without the file the tour is only shown again.
    with contextlib.suppress(OSError, SteerError):
        (paths.state_folder() / FILE).touch(0o600)


def _page_notes(*paragraphs: str) -> list[Item]:
    page: list[Item] = [TranscriptNote(TITLE, "title")]
    for paragraph in paragraphs:
        page += [TranscriptNote("", "hint"), TranscriptNote(paragraph, "hint")]
    return page


def example_prompts(model: str) -> tuple[str, ...]:
    """Example prompts that ↑ offers first."""
    world = world_of(model)
    return world.examples if world else ()


def default_max_rate(model: str) -> int:
    """Tokens per second; a demo model is slowed down so that it can be steered. 0 is no limit."""
    return 8 if world_of(model) else 0
