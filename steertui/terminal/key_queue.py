"""Delivers keys one at a time, so that keys typed after one that opens a dialog go to that dialog.

Textual gives a key to the widget that has the focus when it arrives, but its action runs later and a
new screen has to be composed first. In a burst, as a slow line delivers it, all keys would go to the
screen below. So each key waits until the one before it has been processed.
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
"""Worker groups after which the focus changes: a dialog, a list, the screen below."""
PATIENCE_S = 1.0
"""Longest time to wait for a worker or a widget; keys are never held longer."""


class KeyQueue:
    """Queues keys; `deliver` does what the app would have done at once."""

    def __init__(self, app: App[None], deliver: Callable[[Typed], Awaitable[None]]) -> None:
        self._app, self._deliver = app, deliver
        self._held: deque[Typed] = deque()
        self._task: asyncio.Task[None] | None = None
        self._late: set[Worker[object]] = set()

    async def enqueue(self, typed: Typed) -> None:
        """Deliver a key now if all keys before it are done, else queue it."""
        self._held.append(typed)
        # With nothing pending the key is delivered without delay.
        if self._task is None or self._task.done():
            await self._deliver_next()
            self._task = asyncio.create_task(self._drain())

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _deliver_next(self) -> None:
        """Deliver the next key; letters for a text field are delivered together."""
        while self._held:
            typed = self._held.popleft()
            await self._deliver(typed)
            if not (self._is_text(typed) and self._held and self._is_text(self._held[0])):
                return

    def _is_text(self, typed: Typed) -> bool:
        letters = isinstance(typed, events.Paste) or typed.is_printable
        return letters and isinstance(self._app.focused, Input | TextArea)

    async def _drain(self) -> None:
        await self._wait_until_processed()
        while self._held:
            await _run_after_queue(self._app, self._deliver_next)
            await self._wait_until_processed()

    async def _wait_until_processed(self) -> None:
        """Wait until the key and the messages it caused have been processed by every widget from the focus
        up to the app; repeat while the focus moves.
        """
        before: object = None
        while (now := (self._app.screen, self._app.focused)) != before:
            before = now
            await self._wait_for_ancestors()
            # A second pass, for messages that were posted during the first.
            await self._wait_for_ancestors()
            await self._wait_for_workers()

    async def _wait_for_ancestors(self) -> None:
        node: DOMNode = self._app.focused or self._app.screen
        for each in node.ancestors_with_self:
            await _run_after_queue(each, _nothing)

    async def _wait_for_workers(self) -> None:
        """Wait for workers that open something; one that takes too long is waited for only once."""
        limit = monotonic() + PATIENCE_S
        while (
            awaited := {w for w in self._app.workers if w.group in OPENING and not w.is_finished} - self._late
        ):
            if monotonic() > limit:
                self._late = {w for w in self._late if not w.is_finished} | awaited
            await asyncio.sleep(0.005)


async def _run_after_queue(pump: MessagePump, act: Callable[[], Awaitable[None]]) -> None:
    """Run `act` after this widget or app has handled the messages in its queue, and wait for it."""
    done = asyncio.Event()

    async def last() -> None:
        try:
            await act()
        finally:
            # Also after an error, which must not hold back the keys behind it.
            done.set()

    if pump.call_later(last):
        with suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), PATIENCE_S)


async def _nothing() -> None:
    pass
