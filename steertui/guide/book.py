"""Writes docs/guide.md and docs/keys.md: `python -m steertui.guide.book`. A test checks that they are up
to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from steertui import REPO_ROOT, guide
from steertui.commands import COMMANDS, STRIP_KEYS, Command
from steertui.guide.mouse import OTHER_KEYS

TITLES = {
    "desk": "The desk",
    "steering": "What steering does",
    "jobs": "Jobs",
    "library": "The library",
    "sessions": "Sessions",
    "replay": "Replay",
    "terminal": "Your terminal",
}
HEAD = """# Guide

F1 shows the page of the screen you are on; [keys.md](keys.md) is the whole key map, [methods.md](methods.md) has the
formulas, [formats.md](formats.md) the files.
"""
PICTURES = {
    "The desk is where": (
        "desk",
        "One question: plain, steered, and with the vector flipped during the answer",
    ),
    "**A first steered answer.**": ("first-answer", "A first steered answer"),
    "**Caps.**": ("capping", "The cap of a strip, and the values of its presets"),
    "**Distractors.**": ("distractors", "A distractor inserted in the middle of an answer"),
    "The list of jobs": ("jobs", "A check: curves over doses and layers"),
    "A recorded session": ("replay", "A session on its timeline"),
}
"""Each picture follows the paragraph that begins so; `python -m steertui.pictures` creates them
again.
"""


def guide_text() -> str:
    """The whole guide as Markdown."""
    parts = [HEAD]
    parts += [f"## {TITLES[topic]}\n\n{_with_pictures(guide.guide_page(topic))}" for topic in guide.TOPICS]
    return "\n".join(parts)


def _with_pictures(page: str) -> str:
    """A guide page with the pictures inserted."""
    parts = []
    for paragraph in page.split("\n\n"):
        parts.append(paragraph.rstrip("\n"))
        for begin, (name, words) in PICTURES.items():
            if paragraph.startswith(begin):
                parts.append(f"![{words}](pictures/{name}.svg)")
    return "\n\n".join(parts) + "\n"


def key_map_text() -> str:
    """The key map as Markdown: every command with its keys and its keymap id."""
    head = (
        "# Keys\n\nThe id is what `[keymap]` in `config.toml` names. "
        "Commands without a key are in the palette (ctrl+p).\n"
    )
    return "\n".join([head, *_place_tables(), *_gesture_tables()]) + "\n"


def _place_tables() -> Iterator[str]:
    ordered = sorted(COMMANDS, key=lambda each: [*dict.fromkeys(c.where for c in COMMANDS)].index(each.where))
    for where, rows in groupby(ordered, key=lambda each: each.where):
        yield from (f"## {where}\n", "| keys | does | id |", "|---|---|---|", *map(_row, rows))
        if where == "PLAY":
            yield f"| 1 – 9 | Select a strip | `{STRIP_KEYS[0].id}` … `{STRIP_KEYS[-1].id}` |"
        yield ""


def _gesture_tables() -> Iterator[str]:
    for name, (_, rows) in OTHER_KEYS.items():
        yield from (f"## in the {name}\n", "| keys | does |", "|---|---|")
        yield from (f"| {pressed} | {title} |" for pressed, title in rows)
        yield ""


def _row(command: Command) -> str:
    return f"| {command.shown.replace('|', chr(92) + '|')} | {command.title} | `{command.id}` |"


BOUND = {"guide.md": guide_text, "keys.md": key_map_text}


def write_docs(folder: Path = REPO_ROOT / "docs") -> None:
    for name, bind in BOUND.items():
        (folder / name).write_text(bind(), encoding="utf-8")


if __name__ == "__main__":
    write_docs()
