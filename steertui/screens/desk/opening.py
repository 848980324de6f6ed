"""What an empty transcript says to somebody who has never seen it: what this is, what to type, which keys to try."""

from __future__ import annotations

from core import demo
from steertui.widgets.transcript.document import Item, Note

TITLE = "Steer a language model while it speaks."
WORLD = (
    "This is a toy: a tiny model of a toy world in which people work at a task and may be led away from it. "
    "It runs anywhere, so that you can learn the desk."
)
FIRST = "determined-drifting"  # the vector the first page speaks of; the picker begins with it
STEPS = (
    "1  Press ↑ for an example prompt such as “{0}”, enter to send it.",
    f"2  Press tab: TYPE becomes PLAY and the keys play the desk. Press a and choose {FIRST}.",
    "3  Press i, ask again, and while it talks press f. The vector flips; a ◆ marks the token where it took effect.",
)
OWN = (
    "Type a message and press enter.",
    "tab leaves the prompt (TYPE becomes PLAY): a adds a vector, ] and [ turn it up and down, f flips it.",
)


def notes(model: str) -> list[Item]:
    """The first page, short enough for a small terminal; it goes when the first turn comes."""
    if model not in demo.NAMES:
        return _page(*OWN)
    steps = "\n".join(STEPS).format(demo.example_prompts()[0])
    return _page(WORLD, steps)


def _page(*paragraphs: str) -> list[Item]:
    page: list[Item] = [Note(TITLE, "title")]
    for paragraph in paragraphs:
        page += [Note("", "hint"), Note(paragraph, "hint")]
    return page


def prompts(model: str) -> tuple[str, ...]:
    """Example prompts that ↑ offers first."""
    return demo.example_prompts() if model in demo.NAMES else ()


def tempo(model: str) -> int:
    """A toy would be done before a hand could move; 0 is as fast as it can."""
    return 8 if model in demo.NAMES else 0
