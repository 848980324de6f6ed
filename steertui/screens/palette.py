"""The command palette: every action of the desk by name, with its key, so that no key has to be known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from steertui.commands import Command, palette


class Actions(Provider):
    """Offers what the screen it was opened from can do."""

    async def discover(self) -> Hits:
        for command in palette():
            yield DiscoveryHit(command.title, self._run(command), help=_keys(command))

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in palette():
            if (score := matcher.match(command.title)) > 0:
                yield Hit(score, matcher.highlight(command.title), self._run(command), help=_keys(command))

    def _run(self, command: Command) -> Callable[[], Awaitable[None]]:
        return partial(self.screen.run_action, command.action)


def _keys(command: Command) -> str:
    return f"{command.shown} · {command.group}" if command.shown else command.group
