"""The desk's connection: finds or starts an engine, collects its events and sends requests.

Draws nothing. Events wait in `inbox` until the next frame; errors go to `on_message`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import EngineUnavailable, SteerError
from sessions.journal.codec import JournalRecord
from sessions.journal.events import VectorChanged
from sessions.state.state import SessionState
from steertui.engine.client import EngineClient
from steertui.engine.launch import ensure_engine, exit_words, options_in_words

Said = Callable[[str], None]


@dataclass
class EngineLink:
    """The connection of one screen. `model` is for a new engine; `socket` names a running one."""

    model: str
    socket: Path | None
    said: Said
    inbox: deque[JournalRecord | dict[str, Any]] = field(default_factory=deque)
    client: EngineClient | None = None
    failed: str = ""
    epoch: str = ""
    sources: dict[str, str] = field(default_factory=dict)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    left: str = ""
    on_detach: float = -1.0
    ways: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """How models were loaded, by name; one that had none yet goes without."""
    options: Mapping[str, Any] = field(default_factory=dict)
    keeps: bool = True

    @property
    def state(self) -> SessionState:
        return self.client.state if self.client else SessionState()

    @property
    def up(self) -> bool:
        return self.client is not None and self.client.connection == "up"

    @property
    def observer(self) -> bool:
        return self.client is not None and self.client.role == "observer"

    @property
    def recorded(self) -> bool:
        return self.client is not None and self.client.welcome.folder is not None

    async def run(self) -> None:
        """Connect and receive until the connection closes; `failure` is set if there is no engine."""
        try:
            path = self.socket
            found = path is None
            if path is None:
                path = await asyncio.to_thread(ensure_engine, self.model, self.options, record=self.keeps)
            self.client = await EngineClient.open(path, on_detach=self.on_detach)
            welcome = self.client.welcome
            self.ways[welcome.model or ""] = welcome.options
            if found and not self.options and (way := options_in_words(welcome.options)):
                self.said(f"the engine {welcome.engine} has this model loaded with: {way}")
            self.failed = ""
            self.inbox.append({"ev": "up"})
            self.settled.set()
            async for item in self.client.items():
                if isinstance(item, JournalRecord) and isinstance(item.event, VectorChanged):
                    self.sources[item.event.name] = item.event.source
                self.inbox.append(item)
        except SteerError as error:
            self.failed = str(error)
            self.settled.set()

    def forget(self) -> None:
        """Prepare to start a new engine: the same model with the same load options, and recorded only if
        the old one was.
        """
        self.socket = None
        self.settled.clear()
        self.left = self.state.session if self.recorded else ""
        if self.state.model is not None and self.state.model.state != "failed":
            self.model = self.state.model.name
            self.options = self.ways.get(self.model, self.ways.get("", {}))
        self.keeps = self.client is None or self.recorded

    def ending(self) -> str:
        """How the engine ended, if this process started it, and its last event."""
        how = exit_words(self.client.welcome.pid) if self.client else ""
        return f" ({how} after event {self.state.seq})" if how else ""

    def moved(self) -> bool:
        """Whether this is another engine or session than before."""
        if self.client is None:
            return False
        before, self.epoch = self.epoch, self.client.welcome.epoch
        return bool(before) and before != self.epoch

    async def ask(self, op: str, **what: Any) -> dict[str, Any] | None:
        """The engine's reply, or None after showing the error; waits for an engine that is starting."""
        await self.settled.wait()
        if self.client is None:
            self.said(self.failed)
            return None
        try:
            return await self.client.ask(op, **what)
        except SteerError as error:
            self.said(str(error))
            return None

    async def demand(self, op: str, **what: Any) -> dict[str, Any]:
        """The engine's reply; raises its error."""
        await self.settled.wait()
        if self.client is None:
            raise EngineUnavailable(self.failed)
        return await self.client.ask(op, **what)

    async def resume(self) -> bool:
        """Open the session of the lost engine again; its journal holds turns, vectors and mixer."""
        if not self.left or self.client is None:
            return False
        while self.state.word == "loading":
            await asyncio.sleep(0.05)
        try:
            await self.client.ask("session.open", session=self.left)
        except SteerError:
            return False
        return True

    async def load_again(self, names: Sequence[str]) -> None:
        """Load vectors of the previous engine again."""
        for name in names:
            await self.ask("vector.load", source=self.sources.get(name, name), name=name)

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()
