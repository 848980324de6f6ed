"""Drives the app with key presses, waits for what the screen shows, and records screenshots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from time import monotonic

from textual.pilot import Pilot
from textual.strip import Strip

from steertui.app import StudioApp
from steertui.config import Settings
from steertui.pictures.film import PictureFrame
from steertui.screens.desk.screen import DeskScreen
from steertui.textual_patches.screen_capture import capture_rows
from steertui.widgets import glyphs

MODEL = "demo-instruct"
PATIENCE_S = 300.0
LONGEST_S = 1.2
"""Longest display time of a frame in an animation, so that waiting times are cut."""


@dataclass
class ScreenRecorder:
    """Controls the running app; between `start_recording` and `stop_recording` it collects animation
    frames.
    """

    pilot: Pilot[None]
    frames: list[PictureFrame] = field(default_factory=list)
    recording: bool = False
    _since: float = 0.0

    @property
    def desk(self) -> DeskScreen:
        found = self.pilot.app.get_screen_stack("desk")[0]
        assert isinstance(found, DeskScreen)
        return found

    @property
    def token_count(self) -> int:
        """Number of tokens of the newest answer."""
        return self.desk.feed.tokens

    async def press(self, *keys: str, every: float = 0.0) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.wait(every)

    async def type_text(self, text: str, every: float = 0.0) -> None:
        await self.press(*text, every=every)

    async def wait_until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await self.wait(0.05)

    async def wait_until_idle(self) -> None:
        """Wait until the answer is complete and the key mode has been restored."""
        await self.wait_until(lambda: self.desk.link.state.word == "idle" and not self.desk.link.inbox)
        await self.wait(1.2)

    async def send_prompt(self) -> None:
        """Send the prompt and wait until the answer begins."""
        await self.press("enter")
        await self.wait_until(lambda: self.desk.link.state.running is not None)

    async def wait(self, seconds: float) -> None:
        await self.pilot.pause(seconds)
        if self.recording:
            self._record_frame()

    def take_screenshot(self) -> Sequence[Strip]:
        """The current screen, with everything that lies over it."""
        return capture_rows(self.pilot.app)

    def start_recording(self) -> None:
        self.recording, self._since = True, monotonic()
        self.frames = [PictureFrame(self.take_screenshot(), 0.0)]

    def stop_recording(self) -> Sequence[PictureFrame]:
        self._record_frame()
        self.recording = False
        return self.frames

    def _record_frame(self) -> None:
        """Append a frame if the screen has changed, else extend the last one."""
        now, screen = monotonic(), self.take_screenshot()
        last = self.frames[-1]
        # The last frame is shown until now, whether or not the screen has changed.
        self.frames[-1] = replace(last, seconds=min(last.seconds + now - self._since, LONGEST_S))
        self._since = now
        # Only the text is compared: a change of colour alone makes no frame.
        if [strip.text for strip in screen] != [strip.text for strip in last.screen]:
            self.frames.append(PictureFrame(screen, 0.0))


@asynccontextmanager
async def open_recorder(size: tuple[int, int]) -> AsyncIterator[ScreenRecorder]:
    """Run the app with the demo model and wait until the model is ready."""
    app = StudioApp(MODEL, None, Settings(theme="steertui-night"))
    # Recorded in full colour, whatever terminal this runs in.
    glyphs.set_glyphs(replace(glyphs.current_glyphs(), colours=glyphs.TRUE_COLOUR))
    async with app.run_test(size=size) as pilot:
        taken = ScreenRecorder(pilot)
        await taken.wait_until(lambda: taken.desk.link.state.word == "idle" and taken.desk.link.state.model)
        yield taken
        await taken.desk.link.close()
