"""What an attacker writes into every field there is, and what must not come of it on any frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from textual.widget import Widget

from tests.steertui.hostile import EVERY_HOSTILE, talks_to_terminal

MARKUP = "[@click=app.quit]x[/][/][/nope][red]\\[b][link=file:///etc/passwd]y[/link]{0}%s"
LINK = "\x1b]8;;http://"
SNEAKY = "\x07\x1b[?1049l\x1b[?1000h\x1bP$q\x1b\\\x1b[6n\x0e\x08\x08\r\x7f\x85"
PILE = "e" + "\u0301" * 200 + "\udcff"
ENDLESS = "W" * 1_000_000
"""One word of a megabyte: no space to fold at."""
SHARED = ("vector", "prefill", "card")
"""Fields that share one message to the engine, or one file, that is no longer than that: a hundredth each."""
MARK = "Ж"
"""Begins the tag at both ends of a hostile text and behind its last slash: it tells which field that came in by."""
TAG = re.compile(MARK + r"\d\d")
OWN_ESCAPES = re.compile(r"\x1b\[[0-9;]*[mHK]")
"""What Textual itself writes when it paints: colours, places, the rest of a line."""


@dataclass
class Hostile:
    """The words of a world in which every stranger is hostile; `endless`: with a word of a megabyte instead."""

    endless: bool = False
    fields: dict[str, str] = field(default_factory=dict)

    def __call__(self, name: str, words: str) -> str:
        tag = self.fields.setdefault(name, f"{MARK}{len(self.fields):02}")
        if not self.endless:
            return f"{tag}{MARKUP}{LINK}{tag}{SNEAKY}{EVERY_HOSTILE}{PILE}{tag}"
        word = ENDLESS[: len(ENDLESS) // 100] if name.split()[0] in SHARED else ENDLESS
        return tag + word + tag

    def named(self, text: str) -> set[str]:
        """The fields whose words stand in this."""
        tags = set(TAG.findall(text))
        return {name for name, tag in self.fields.items() if tag in tags}


def trouble(app: Any) -> list[str]:
    """What the frame on the screen could do to a terminal or let somebody click."""
    found = []
    for row, strip in enumerate(app.screen._compositor.render_strips()):
        if talks_to_terminal(strip.text):
            found.append(f"row {row} speaks to the terminal: {strip.text!r}")
        for text, style, _ in strip:
            if style is not None and (style.link or "app.quit" in str(style.meta.get("@click", ""))):
                found.append(f"row {row} can be clicked: {text!r}")
    written = app.screen._compositor.render_full_update().render_segments(app.console)
    if talks_to_terminal(OWN_ESCAPES.sub("", written)):
        found.append(f"written to the terminal: {OWN_ESCAPES.sub('', written)!r}")
    return found


def places(app: Any, words: Hostile) -> Iterator[tuple[type[Widget], set[str]]]:
    """Every widget of the screens that are open, with the fields whose words stand in its part of the frame."""
    rows = [strip.text for strip in app.screen._compositor.render_strips()]
    for screen in app.screen_stack:
        for widget in (screen, *screen.walk_children()):
            region = widget.region if screen is app.screen else widget.region.intersection((0, 0, 0, 0))
            part = "\n".join(row[region.x : region.right] for row in rows[region.y : region.bottom])
            yield type(widget), words.named(part)
