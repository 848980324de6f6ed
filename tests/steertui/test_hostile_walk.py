"""A hostile stranger writes into every field: no frame speaks to the terminal, nothing can be clicked, nothing breaks.

The scenes are those of the pictures. Every widget there is has a case: the fields whose words were seen in it.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib
import pkgutil
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from textual.app import App
from textual.containers import VerticalScroll
from textual.widget import Widget

import steertui.screens
import steertui.widgets
from tests.steertui.app.stage import stage
from tests.steertui.scenes.hostile import Hostile, places, trouble
from tests.steertui.scenes.scene import SCENES, played
from tests.steertui.snapshots import own_folders, still

TALL = (160, 140)
"""Room for all there is to say."""
SIZES = (TALL, (140, 40), (100, 30), (80, 24), (40, 10))
QUICK_SIZES = (TALL, (40, 10))
QUICK = (
    "desk-remarks",
    "desk-token",
    "desk-collapse",
    "dialog-cap",
    "dialog-models",
    "dialog-presets",
    "dialog-sampling",
    "dialog-theme",
    "help",
    "jobs-form-wrong",
    "jobs-table",
    "library-check",
    "library-import",
    "library-note",
    "palette",
    "replay",
    "sessions",
)
"""Scenes that together show every widget; the others are walked in `make test-slow`."""
MINE: tuple[str, ...] = ()
"""A widget that draws numbers and words of the house only."""
BASES = ("RowWidget", "TranscriptLines", "FieldScroll")
"""Widgets that are shown only as what derives from them, or as what they hold; so are all of
`steertui.textual_patches`.
"""
CASES: dict[str, tuple[str, ...]] = {
    "FormAnswer": ("stop text", "template argument"),
    "InputDialog": ("vector note",),
    "CapDialog": ("vector pirate",),
    "CheckCard": ("check reason", "check unit", "checked model", "checked vector"),
    "Tour": MINE,
    "Completions": MINE,
    "Cover": MINE,
    "DeskScreen": ("mark", "model id", "prompt", "token"),
    "DeskForm": ("stop text", "system prompt"),
    "FaderBank": MINE,
    "Field": ("typed",),
    "Hints": MINE,
    "ImportDialog": ("card contrast", "card date", "card model", "card sign", "card unit"),
    "Inspector": ("token", "vector pirate"),
    "JobForm": ("typed",),
    "JobsScreen": ("job parameter", "table", "table cell", "column"),
    "HelpScreen": MINE,
    "KlLine": MINE,
    "CollapseLamp": ("vector pirate",),
    "LibraryScreen": (
        "card contrast",
        "card date",
        "card model",
        "card sign",
        "card unit",
        "file name",
        "vector note",
    ),
    "SafeInput": ("typed",),
    "ThemeDialog": MINE,
    "Meters": ("vector pirate",),
    "TranscriptPanel": ("token", "vector pirate"),
    "TextPage": ("column",),
    "JobPages": ("table cell", "column"),
    "ActionPalette": ("model id",),
    "ChoiceDialog": ("cached model",),
    "SavedMixersDialog": ("preset name",),
    "PromptInput": ("prefill",),
    "JobList": ("job parameter",),
    "MixerPanel": ("vector pirate",),
    "ReplayScreen": ("model id", "prompt", "vector pirate"),
    "SessionsScreen": ("model id", "prompt"),
    "UnsteeredPanel": ("token",),
    "StatusLine": ("model id",),
    "Strips": ("vector pirate",),
    "PageTabs": ("table",),
    "Timeline": ("vector pirate",),
    "Transcript": (
        "change",
        "distractor",
        "mark",
        "note",
        "prefill",
        "prompt",
        "remembered",
        "role",
        "token",
    ),
    "VerificationCard": MINE,
}


@dataclass
class Walk:
    """What came of one scene: what a frame could have done, and whose words stood in which widget."""

    found: list[str] = field(default_factory=list)
    seen: dict[str, set[str]] = field(default_factory=dict)

    def look(self, app: App[Any], words: Hostile, size: tuple[int, int]) -> None:
        self.found += [f"{size}: {what}" for what in trouble(app)]
        for widget, fields in places(app, words):
            self.seen.setdefault(widget.__name__, set()).update(fields)


@functools.cache
def walked(name: str, sizes: tuple[tuple[int, int], ...] = QUICK_SIZES, endless: bool = False) -> Walk:
    with own_folders():
        return asyncio.run(_walk(name, Hostile(endless), sizes))


async def _walk(name: str, words: Hostile, sizes: tuple[tuple[int, int], ...]) -> Walk:
    walk = Walk()
    async with played(SCENES[name], words, size=sizes[0]) as play:
        for size in sizes:
            await play.at.pilot.resize_terminal(*size)
            await play.at.pilot.pause()
            walk.look(play.app, words, size)
            if size == TALL:
                for each in play.app.screen.query(VerticalScroll):
                    each.scroll_end(animate=False)
                await play.at.pilot.pause()
                walk.look(play.app, words, size)
        await still(play)
        assert play.app.is_running
    return walk


def ours() -> Iterator[type[Widget]]:
    """Every widget and screen that is defined in the app."""
    for package in (steertui.screens, steertui.widgets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    waiting = [*Widget.__subclasses__()]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        base = kind.__module__.startswith("steertui.textual_patches.")
        if kind.__module__.startswith("steertui.") and not base and kind.__name__ not in BASES:
            yield kind


def test_every_widget_has_a_case() -> None:
    assert sorted({kind.__name__ for kind in ours()} ^ set(CASES)) == []


@pytest.mark.parametrize("name", QUICK)
def test_hostile_words_stay_words(name: str) -> None:
    assert walked(name).found == []


def test_they_were_seen_in_every_widget() -> None:
    """Else the walk would prove nothing."""
    seen: dict[str, set[str]] = {}
    for name in QUICK:
        for widget, fields in walked(name).seen.items():
            seen.setdefault(widget, set()).update(fields)
    missing = {name: set(fields) - seen.get(name, set()) for name, fields in CASES.items()}
    assert {name: fields for name, fields in missing.items() if fields} == {}
    assert set(CASES) - set(seen) == set()


def test_nothing_is_left_of_an_app_that_has_ended() -> None:
    """Else a process that walks through fifty scenes keeps the texts of all of them."""

    async def ended() -> weakref.ref[App[Any]]:
        async with stage() as at:
            await at.ready()
            return weakref.ref(at.pilot.app)

    gone = asyncio.run(ended())
    gc.collect()
    assert gone() is None


def test_a_word_of_a_megabyte_is_bounded() -> None:
    assert walked("desk-remarks", endless=True).found == []


@pytest.mark.slow
@pytest.mark.parametrize("endless", [False, True])
@pytest.mark.parametrize("name", sorted(SCENES))
def test_on_every_screen(name: str, endless: bool) -> None:
    assert walked(name, SIZES, endless).found == []
