"""The command palette: every action of the desk by name, with its key, so that no key has to be known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from steertui.commands import BOTH, PLAY, Command, palette


class Actions(Provider):
    """Offers what the screen it was opened from can do; one that is not the desk says its places in `PLACES`."""

    @property
    def _commands(self) -> list[Command]:
        return palette(*getattr(self.screen, "PLACES", (BOTH, PLAY)))

    async def discover(self) -> Hits:
        for command in self._commands:
            yield DiscoveryHit(command.title, self._run(command), help=_keys(command))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._commands:
            if (score := matcher.match(command.title)) > 0:
                yield Hit(score, matcher.highlight(command.title), self._run(command), help=_keys(command))

    def _run(self, command: Command) -> Callable[[], Awaitable[None]]:
        return partial(self.screen.run_action, command.action)


def _keys(command: Command) -> str:
    return f"{command.shown} · {command.group}" if command.shown else command.group
