"""The terminal app: one desk on one engine. It can open without a model and close without stopping the
engine.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

from textual import events, work
from textual.filter import LineFilter

from core import demo
from core.errors import SteerError, UsageError
from steertui import colour_themes, commands, config
from steertui.config import Settings
from steertui.engine.protocol import MAX_FRAME
from steertui.screens.desk.screen import DeskScreen
from steertui.screens.notices import ShowsNotices
from steertui.screens.palette import ActionPalette, ActionProvider
from steertui.terminal import clipboard, job_control, screenshot
from steertui.terminal.ascii import AsciiFilter, set_scrollbars
from steertui.terminal.diff_output import ScreenDiff
from steertui.terminal.key_queue import KeyQueue, Typed
from steertui.terminal.lag import EVERY_S, QUESTION
from steertui.terminal.signals import CODES, ExitSignals, silence_output
from steertui.text import safe_text
from steertui.textual_patches import terminal_driver
from steertui.textual_patches.compositor_updates import CompositorUpdate
from steertui.textual_patches.frame_hooks import FrameHooksApp
from steertui.textual_patches.stylesheet_cache import CachedStylesheet
from steertui.widgets import glyphs

SLOW_FPS = 10.0
"""An `fps` setting at or below this turns slow-line mode on."""


class StudioApp(ShowsNotices, FrameHooksApp[None], inherit_bindings=False):
    """The Textual app: holds the settings and the theme; `DeskScreen` does the work."""

    TITLE = "steertui"
    COMMANDS = {ActionProvider}
    PAUSE_GC_ON_SCROLL = True
    DEFAULT_MODE = "desk"
    CSS = """
    CommandPalette SearchIcon { display: none; }
    CommandPalette #--input { border-top: hkey $border; }
    CommandList { border-bottom: hkey $border; }
    """
    BINDINGS = commands.key_bindings(commands.EVERYWHERE)

    def __init__(self, model: str, socket: Path | None, settings: Settings, *, inline: bool = False) -> None:
        super().__init__()
        self.stylesheet = CachedStylesheet(variables=self.get_css_variables())
        self._plain = [AsciiFilter()] if settings.ascii else []
        set_scrollbars(ascii=settings.ascii)
        glyphs.set_glyphs(
            glyphs.choose_glyphs(
                ascii=settings.ascii,
                color_system=self.console.color_system,
                no_color=self.no_color,
                slow=settings.fps <= SLOW_FPS,
            )
        )
        self._thrift, self._shown, self._leaving = ScreenDiff(), False, False
        self._ahead = KeyQueue(self, super().on_event)
        self._keys = settings.keymap
        self._desk = DeskScreen(model, socket, settings, inline=inline)
        self._lag, self._adapts = self._desk.lag, settings.adapt
        self.add_mode("desk", lambda: self._desk.with_breakpoints(self.size))
        for theme in colour_themes.OWN:
            self.register_theme(theme)
        usual = colour_themes.default_theme(self.console.color_system, no_color=self.no_color)
        look = usual if settings.theme == config.AUTO else settings.theme
        if look not in colour_themes.NAMES:
            raise UsageError(f"unknown theme {look!r}: choose one of {', '.join(colour_themes.NAMES)}")
        self.theme = look
        self.set_keymap(settings.keymap)

    def get_css_variables(self) -> dict[str, str]:
        """Themes of Textual lack a few of our colours; fill them in."""
        return colour_themes.complete_variables(super().get_css_variables())

    def copy_to_clipboard(self, text: str) -> None:
        """Copy text and notify the user where it was put."""
        # Lone surrogates cannot be encoded for OSC 52, for tmux or for the file.
        text = text.encode("utf-8", "replace").decode()
        super().copy_to_clipboard(text)
        self._notify_copied(text)

    @work(group="copy", exit_on_error=False)
    async def _notify_copied(self, text: str) -> None:
        # Copying may wait for a tmux process, so it runs on a thread.
        places = await asyncio.to_thread(clipboard.copy_text, text)
        self.notify(safe_text(f"{len(text)} characters: {', '.join(places)}"), markup=False, timeout=8)

    async def on_event(self, event: events.Event) -> None:
        """Clean pasted text, which may hold control sequences, and send keys through the key queue."""
        if isinstance(event, events.Paste):
            if len(event.text) > MAX_FRAME:
                self._reject_paste(len(event.text))
                return
            event.text = safe_text(event.text, multiline=True)
        if isinstance(event, Typed) and not event.is_forwarded:
            # A key that bubbles up from a widget comes here again; only its first visit is queued.
            await self._ahead.enqueue(event)
        else:
            await super().on_event(event)

    def _reject_paste(self, characters: int) -> None:
        """Reject a paste that is longer than a message to the engine may be."""
        self.warn(f"{characters:,} characters were pasted: a message holds {MAX_FRAME:,}")

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *self._plain]

    def reduce_frame(self, frame: CompositorUpdate) -> CompositorUpdate | None:
        """On a slow line, write only the cells that changed."""
        return self._thrift.keep_changes(frame, self.size) if glyphs.current_glyphs().slow else frame

    def after_frame(self) -> None:
        if not self._shown:
            self._shown = True
            self.call_later(self._start_engine)

    def on_mount(self) -> None:
        self._farewell = ExitSignals(lambda code: self.exit(return_code=code))
        if glyphs.current_glyphs().slow:
            self.animation_level = "none"
        elif self._adapts and terminal_driver.can_reply(self):
            self.set_interval(EVERY_S, self._query_terminal)
            self._query_terminal(True)
        # `immediate`: a posted callback would run only after the process has been resumed.
        self.app_suspend_signal.subscribe(self, lambda _: self._forget_terminal(), immediate=True)
        self.app_resume_signal.subscribe(self, lambda _: self._redraw_after_suspend(), immediate=True)

    def _start_engine(self) -> None:
        """Start the engine after the first frame is drawn, so that the two do not compete for the CPU."""
        # Objects made at start live until exit; freezing them spares the collector pauses of 70 ms.
        gc.freeze()
        gc.enable()
        self._desk.listen()

    def _redraw_after_suspend(self) -> None:
        """Redraw the whole screen after a suspend: the shell has overwritten it."""
        self._thrift.forget_screen()
        self.refresh(layout=True)

    # How quick the line is ----------------------------------------------------------------------------------------

    def _query_terminal(self, first: bool = False) -> None:
        """Query the cursor position before the first frame and during answers, to measure the terminal's
        lag.
        """
        now, speaking = monotonic(), self._desk.link.state.running is not None
        due = self._lag.should_query(now, speaking) or first
        if due and not glyphs.current_glyphs().slow and terminal_driver.write_control(self, QUESTION):
            self._lag.query_sent(now)

    def on_cursor_position(self, event: events.CursorPosition) -> None:
        """Measure the lag with the time at which the reply was read, and turn slow-line mode on if it is
        slow.
        """
        self._lag.reply_received(event.time)
        if self._lag.slow and self._adapts and not glyphs.current_glyphs().slow:
            glyphs.set_glyphs(replace(glyphs.current_glyphs(), slow=True))
            # Animations and a blinking cursor cause frames that a slow line has no time for.
            self.animation_level, self._desk.prompt.cursor_blink = "none", False
            self.notify(self._lag.notice, markup=False, timeout=12)

    def _forget_terminal(self) -> None:
        self._thrift.forget_screen()
        self._lag.forget_query()

    def exit(self, result: None = None, return_code: int = 0, message: Any = None) -> None:
        """Leave after a pending terminal reply has arrived (the shell would read it); with an exit code,
        at once.
        """
        leave = partial(super().exit, result, return_code, message)
        if return_code:
            leave()
        elif not self._leaving:
            self._leaving = True
            self._lag.run_after_reply(self, leave)

    def on_unmount(self) -> None:
        self._ahead.cancel()
        self._farewell.restore_handlers()

    # What can be done on every screen ----------------------------------------------------------------------------

    def action_go(self, place: str) -> None:
        """Go from any screen to any other; screens in between are closed as with esc."""
        if place == getattr(self.screen, "TOPIC", ""):
            return
        while not isinstance(self.screen, DeskScreen):
            self.pop_screen()
        if place != "desk":
            # Imported here, as in `DeskScreen.action_do`.
            from steertui.screens.desk.commands.open_screen import ROOMS

            ROOMS[place](self._desk)

    def action_leave(self) -> None:
        # Imported here, as in `DeskScreen.action_do`.
        from steertui.screens.desk.commands.engine_actions import open_leave_dialog

        self.action_go("desk")
        open_leave_dialog(self._desk)

    def action_background(self) -> None:
        """Suspend the app as ctrl+z does; the engine goes on with the answer."""
        if job_control.has_job_control():
            self._lag.run_after_reply(self, self._suspend_to_shell)
        else:
            self.notify("no shell here could resume the app; ctrl+q leaves, the engine goes on", markup=False)

    def _suspend_to_shell(self) -> None:
        self.app_suspend_signal.publish(self)
        job_control.suspend_job()

    def action_help(self) -> None:
        """Show the help of the current screen, or of the one below a dialog; F1 again closes it."""
        # Markdown costs an import of 60 ms, which the first frame need not wait for.
        from steertui.screens.keys import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
            return
        # Dialogs have no `PLACES`, so the search goes down to the screen that was opened last.
        screen = next(screen for screen in reversed(self.screen_stack) if hasattr(screen, "PLACES"))
        places = (*screen.PLACES, *getattr(screen, "BESIDE", ()))
        self.push_screen(HelpScreen(self._keys, places, getattr(screen, "TOPIC", "")))

    def action_palette(self) -> None:
        self.action_command_palette()

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, ActionPalette):
            self.push_screen(ActionPalette(id="--command-palette"))

    def action_looks(self) -> None:
        # Imported here: the first frame need not wait for a dialog.
        from steertui.screens.appearance import ThemeDialog

        looks = ThemeDialog(self)
        self.push_screen(looks, looks.apply_choice)

    def action_picture(self) -> None:
        """Save a screenshot in the data folder and notify the user of its path."""
        try:
            place = screenshot.save(self.export_screenshot())
        except (OSError, SteerError) as error:
            self.warn(f"no picture: {error}")
        else:
            self.notify(safe_text(f"picture in {place}"), markup=False, timeout=8)


def run(
    model: str | None = None, socket: str | Path | None = None, *, inline: bool = False, **options: Any
) -> int:
    """Open the app on a model, or on the engine behind a socket (with `inline`, on a thread of this
    process), and return the exit code.
    """
    settings = replace(config.load(), **options)
    app = StudioApp(model or demo.INSTRUCT, Path(socket) if socket else None, settings, inline=inline)
    app.run(mouse=settings.mouse)
    if app.return_code == CODES[signal.SIGHUP]:
        silence_output()
    return app.return_code or 0
