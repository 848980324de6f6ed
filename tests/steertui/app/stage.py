"""A desk on a scripted engine, driven by key presses; waiting is for what the screen knows, never for time."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input

from steertui.app import StudioApp as App
from steertui.config import Settings
from steertui.screens.desk.screen import DeskScreen
from steertui.widgets.status.status import StatusLine
from steertui.widgets.transcript.document import TextPiece, TranscriptMarker, TranscriptNote
from tests.steertui import scripted_engine
from tests.steertui.scripted_engine import HANG_S, Studio


@dataclass
class Stage:
    """What a test holds: the keys, the desk, and the model's metronome."""

    pilot: Pilot[None]
    desk: DeskScreen
    studio: Studio

    async def until(self, true: Callable[[], object]) -> None:
        """A hang is a failure, not a timing."""
        wait = 0.01
        async with asyncio.timeout(HANG_S):
            while not true():
                await self.pilot.pause(wait)
                # Looking costs a frame and more, so what takes its time is looked at less often.
                wait = min(1.5 * wait, 0.1)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        self.desk.prompt.insert(text)
        await self.press("enter")

    async def play(self, tokens: int) -> None:
        """Lets the model make tokens and waits until they are drawn."""
        wanted = len(self.pieces) + tokens
        self.studio.metronome.tick(tokens)
        await self.until(lambda: len(self.pieces) >= wanted)

    async def ready(self) -> None:
        await self.until(lambda: self.word == "idle")

    async def ask(self, text: str = "Help me with the parser.") -> None:
        """An answer begins and waits for its first tick."""
        await self.ready()
        await self.type(text)
        await self.until(lambda: self.word == "generating")

    async def add(self, name: str = "determined-drifting") -> None:
        """A strip through the picker, as a user makes one."""
        await self.ready()
        strips = len(self.desk.mixer_panel.board.mixer.channels)
        self.desk.transcript.focus()
        await self.press("a")
        self.pilot.app.screen.query_one(Input).value = name
        await self.press("enter")
        await self.until(lambda: len(self.desk.mixer_panel.board.mixer.channels) > strips)
        await self.until(lambda: self.desk.link.state.mixer.rev == self.desk.mixer_rev)

    @property
    def word(self) -> str:
        return self.desk.query_one(StatusLine).status.word

    @property
    def pieces(self) -> list[TextPiece]:
        return [
            item
            for item in self.desk.transcript.document.items
            if isinstance(item, TextPiece) and item.index >= 0
        ]

    @property
    def markers(self) -> list[TranscriptMarker]:
        return [item for item in self.desk.transcript.document.items if isinstance(item, TranscriptMarker)]

    @property
    def notes(self) -> list[str]:
        return [item.text for item in self.desk.transcript.document.items if isinstance(item, TranscriptNote)]

    @property
    def toasts(self) -> list[str]:
        return [toast.message for toast in self.pilot.app._notifications]

    async def sees(self, *texts: str) -> None:
        """All of these stand on the screen, now or a frame later."""
        try:
            await self.until(lambda: all(text in "\n".join(self.drawn()) for text in texts))
        except TimeoutError:
            raise AssertionError("\n".join([f"{texts} is not on the screen:", *self.drawn()])) from None

    def drawn(self) -> list[str]:
        """Every row of the screen as text."""
        return [strip.text for strip in self.pilot.app.screen._compositor.render_strips()]


@asynccontextmanager
async def stage(
    studio: Studio | None = None,
    size: tuple[int, int] = (120, 36),
    model: str = "scripted",
    settings: Settings | None = None,
) -> AsyncIterator[Stage]:
    if studio is None:
        studio = Studio()
        studio.loaded.set()
    with scripted_engine.engine(studio, model=model) as engine:
        async with desk_at(engine.path, studio, size=size, model=model, settings=settings) as at:
            yield at


@asynccontextmanager
async def desk_at(
    path: Path | None,
    studio: Studio,
    *,
    size: tuple[int, int] = (120, 36),
    model: str = "scripted",
    settings: Settings | None = None,
) -> AsyncIterator[Stage]:
    """A screen on an engine that is there."""
    app = App(model, path, settings or Settings())
    try:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            desk = app.screen
            assert isinstance(desk, DeskScreen)
            yield Stage(pilot, desk, studio)
            await desk.link.close()
    finally:
        # An app freezes what it is made of, since its process ends with it; this one runs many apps.
        gc.unfreeze()
