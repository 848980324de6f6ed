"""Binds the guide and the key map into docs/: `python -m steertui.guide.book`; a test holds the files to it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from steertui import HOUSE, guide
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
PICTURES = {"desk": "desk.svg"}


def book() -> str:
    """The guide in one file."""
    parts = [HEAD]
    for topic in guide.TOPICS:
        picture = f"![{TITLES[topic]}]({PICTURES[topic]})\n\n" if topic in PICTURES else ""
        parts.append(f"## {TITLES[topic]}\n\n{picture}{guide.page(topic)}")
    return "\n".join(parts)


def keys() -> str:
    """Every action with its keys and the id that a keymap names."""
    head = "# Keys\n\nThe id is what `[keymap]` in `config.toml` names. What has no key is in the palette (ctrl+p).\n"
    return "\n".join([head, *_places(), *_gestures()]) + "\n"


def _places() -> Iterator[str]:
    ordered = sorted(COMMANDS, key=lambda each: [*dict.fromkeys(c.where for c in COMMANDS)].index(each.where))
    for where, rows in groupby(ordered, key=lambda each: each.where):
        yield from (f"## {where}\n", "| keys | does | id |", "|---|---|---|", *map(_row, rows))
        if where == "PLAY":
            yield f"| 1 – 9 | Select a strip | `{STRIP_KEYS[0].id}` … `{STRIP_KEYS[-1].id}` |"
        yield ""


def _gestures() -> Iterator[str]:
    for name, (_, rows) in OTHER_KEYS.items():
        yield from (f"## in the {name}\n", "| keys | does |", "|---|---|")
        yield from (f"| {pressed} | {title} |" for pressed, title in rows)
        yield ""


def _row(command: Command) -> str:
    return f"| {command.shown.replace('|', chr(92) + '|')} | {command.title} | `{command.id}` |"


BOUND = {"guide.md": book, "keys.md": keys}


def write(folder: Path = HOUSE / "docs") -> None:
    for name, bind in BOUND.items():
        (folder / name).write_text(bind(), encoding="utf-8")


if __name__ == "__main__":
    write()
