"""The terminal app: one desk on one engine. It opens before there is a model and dies without taking anything along."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual import work
from textual.app import App, SystemCommand
from textual.filter import LineFilter
from textual.screen import Screen

from core import demo
from core.errors import UsageError
from steertui import clipboard, config, themes
from steertui.ascii import Ascii
from steertui.config import Settings
from steertui.farewell import Farewell
from steertui.screens.desk.screen import Desk
from steertui.screens.palette import Actions
from steertui.text import safe_text
from steertui.widgets import glyphs

SLOW_FPS = 10.0
"""Who asks for this few frames sits on a slow line."""


class Studio(App[None], inherit_bindings=False):
    """Holds the settings and the look; the desk does the work."""

    TITLE = "steertui"
    COMMANDS = {Actions}
    PAUSE_GC_ON_SCROLL = True
    DEFAULT_MODE = "desk"

    def __init__(self, model: str, socket: Path | None, settings: Settings) -> None:
        super().__init__()
        self._plain = [Ascii()] if settings.ascii else []
        glyphs.use(
            glyphs.chosen(
                ascii=settings.ascii,
                color_system=self.console.color_system,
                no_color=self.no_color,
                slow=settings.fps <= SLOW_FPS,
            )
        )
        desk = Desk(model, socket, settings)
        self.add_mode("desk", lambda: desk)
        for theme in themes.OWN:
            self.register_theme(theme)
        look = themes.fitting(glyphs.now().colours) if settings.theme == config.AUTO else settings.theme
        if look not in themes.NAMES:
            raise UsageError(f"unknown theme {look!r}: choose one of {', '.join(themes.NAMES)}")
        self.theme = look
        self.set_keymap(settings.keymap)

    def get_css_variables(self) -> dict[str, str]:
        """Themes that are not ours lack a few of our colours."""
        return themes.USUAL | super().get_css_variables()

    def copy_to_clipboard(self, text: str) -> None:
        """Whoever copies anything is told where it went."""
        text = text.encode("utf-8", "replace").decode()
        super().copy_to_clipboard(text)
        self._say_where(text)

    @work(group="copy", exit_on_error=False)
    async def _say_where(self, text: str) -> None:
        places = await asyncio.to_thread(clipboard.places, text)
        self.notify(safe_text(f"{len(text)} characters: {', '.join(places)}"), markup=False, timeout=8)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._plain]

    def on_mount(self) -> None:
        self._farewell = Farewell(lambda code: self.exit(return_code=code))
        # What the start has made stays until the end; the collector need not walk it again (pauses of 70 ms otherwise).
        self.call_after_refresh(gc.freeze)

    def on_unmount(self) -> None:
        self._farewell.forget()

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        yield SystemCommand("Change the theme", "Colours of the screen", self.action_change_theme)
        yield SystemCommand("Save a picture of the screen", "As SVG", lambda: self.deliver_screenshot())


def run(model: str | None = None, socket: str | Path | None = None, **options: Any) -> int:
    """Opens the app on a model, or on the engine behind a socket; the exit code when it is left."""
    settings = replace(config.load(), **options)
    app = Studio(model or demo.INSTRUCT, Path(socket) if socket else None, settings)
    app.run(mouse=settings.mouse)
    return app.return_code or 0
