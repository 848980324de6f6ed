"""The command palette: every action by name, with its key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.worker import Worker, WorkerState

from steertui.commands import BANK, BOTH, EVERYWHERE, PLAY, Command, palette_commands

DESK = (BOTH, PLAY, BANK)


class ActionProvider(Provider):
    """The commands of the current screen (`PLACES`), the global ones, and those of the desk."""

    @property
    def _commands(self) -> list[Command]:
        own: tuple[str, ...] = getattr(self.screen, "PLACES", DESK)
        return [
            *palette_commands(*own),
            *palette_commands(EVERYWHERE),
            # On the desk its commands are in the list already.
            *(palette_commands(*DESK) if own != DESK else ()),
        ]

    async def discover(self) -> Hits:
        for command in self._commands:
            yield DiscoveryHit(command.title, self._run(command), help=_key_help(command))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._commands:
            if (score := matcher.match(command.title)) > 0:
                yield Hit(
                    score, matcher.highlight(command.title), self._run(command), help=_key_help(command)
                )

    def _run(self, command: Command) -> Callable[[], Awaitable[None]]:
        return partial(self._run_on_screen, command)

    async def _run_on_screen(self, command: Command) -> None:
        """Run a command on its screen; commands of the desk go to the desk first."""
        if command.where in DESK and getattr(self.screen, "PLACES", DESK) != DESK:
            await self.app.run_action("go('desk')")
        # The action above may have changed the screen, so it is not `self.screen`.
        await self.app.screen.run_action(command.address)


class ActionPalette(CommandPalette):
    """Textual's palette, without the error it raises when it is closed during a search."""

    def run_worker(self, work: Any, *how: Any, **more: Any) -> Worker[Any]:
        return super().run_worker(work, *how, **more | {"exit_on_error": False})

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        # A palette that is closed has lost its widgets; only an error of an open one is a real error.
        if event.state is WorkerState.ERROR and self.is_current and event.worker.error:
            raise event.worker.error


def _key_help(command: Command) -> str:
    return f"{command.shown} · {command.group}" if command.shown else command.group
