"""Keys wait their turn: what is typed behind a key that opens something goes to what it has opened.

Textual hands a key to whatever has the focus when it arrives. What the key does happens later: it climbs from there to
the app, is looked up there, and the screen that it opens has to be composed first. Keys of the same burst, as a slow
line delivers them, would all go to the screen below. So one is let in at a time, and the next when that one is done.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.message_pump import MessagePump
from textual.widgets import Input, TextArea
from textual.worker import Worker

Typed = events.Key | events.Paste
OPENING = ("opening", "list", "read", "replay", "start")
"""Workers after which there is something else to type at: a dialog, the rows of a list, the screen below."""
PATIENCE_S = 1.0
"""For a worker, or for a widget that is being taken away; keys are never kept longer, whatever they wait for."""


class TypeAhead:
    """`deliver` does with a key what the app would have done at once."""

    def __init__(self, app: App[None], deliver: Callable[[Typed], Awaitable[None]]) -> None:
        self._app, self._deliver = app, deliver
        self._held: deque[Typed] = deque()
        self._task: asyncio.Task[None] | None = None
        self._late: set[Worker[object]] = set()

    async def take(self, typed: Typed) -> None:
        """At once if every key before it is done with."""
        self._held.append(typed)
        if self._task is None or self._task.done():
            await self._give()
            self._task = asyncio.create_task(self._follow())

    def forget(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _give(self) -> None:
        """The next key. Letters for a text field open nothing: all that are there go together."""
        while self._held:
            typed = self._held.popleft()
            await self._deliver(typed)
            if not (self._is_text(typed) and self._held and self._is_text(self._held[0])):
                return

    def _is_text(self, typed: Typed) -> bool:
        letters = isinstance(typed, events.Paste) or typed.is_printable
        return letters and isinstance(self._app.focused, Input | TextArea)

    async def _follow(self) -> None:
        await self._done()
        while self._held:
            await _reached(self._app, self._give)
            await self._done()

    async def _done(self) -> None:
        """Twice up from the focus to the app: behind the key, and behind what its first receiver made of it; and on as
        long as that moves the focus."""
        before: object = None
        while (now := (self._app.screen, self._app.focused)) != before:
            before = now
            await self._climb()
            await self._climb()
            await self._opened()

    async def _climb(self) -> None:
        node: DOMNode = self._app.focused or self._app.screen
        for each in node.ancestors_with_self:
            await _reached(each, _nothing)

    async def _opened(self) -> None:
        """A worker that takes too long is waited for once, not at every key."""
        limit = monotonic() + PATIENCE_S
        while (
            awaited := {w for w in self._app.workers if w.group in OPENING and not w.is_finished} - self._late
        ):
            if monotonic() > limit:
                self._late = {w for w in self._late if not w.is_finished} | awaited
            await asyncio.sleep(0.005)


async def _reached(pump: MessagePump, act: Callable[[], Awaitable[None]]) -> None:
    """Until this one has done all it was told so far, and then what it is told now."""
    done = asyncio.Event()

    async def last() -> None:
        try:
            await act()
        finally:
            done.set()

    if pump.call_later(last):
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), PATIENCE_S)


async def _nothing() -> None:
    pass
