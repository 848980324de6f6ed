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

from core.errors import EngineUnavailable, SteerError, UsageError
from sessions.journal.codec import JournalRecord
from sessions.journal.events import VectorChanged
from sessions.state.state import SessionState
from steertui.engine.client import EngineClient

Said = Callable[[str], None]

RESUME_TRIES, RESUME_PAUSE_S = 50, 0.1
"""How often, and how many seconds apart, the old session is asked for while the engine still refuses it."""


@dataclass
class EngineLink:
    """The connection of one screen. `model` is for a new engine; `socket` names a running one."""

    model: str
    socket: Path | None
    on_message: Said
    inbox: deque[JournalRecord | dict[str, Any]] = field(default_factory=deque)
    client: EngineClient | None = None
    failure: str = ""
    epoch: str = ""
    sources: dict[str, str] = field(default_factory=dict)
    connect_done: asyncio.Event = field(default_factory=asyncio.Event)
    lost_session: str = ""
    on_detach: float = -1.0
    load_options: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """How models were loaded, by name; one that had none yet goes without."""
    options: Mapping[str, Any] = field(default_factory=dict)
    keeps_record: bool = True

    @property
    def state(self) -> SessionState:
        return self.client.state if self.client else SessionState()

    @property
    def connected(self) -> bool:
        return self.client is not None and self.client.connection == "up"

    @property
    def observer(self) -> bool:
        return self.client is not None and self.client.role == "observer"

    @property
    def recorded(self) -> bool:
        return self.client is not None and self.client.welcome.folder is not None

    async def run(self) -> None:
        """Connect and receive until the connection closes; `failure` is set if there is no engine."""
        # Imported here: the first frame, which comes before any engine, need not wait for it.
        from steertui.engine.launch import ensure_engine, options_in_words

        try:
            path = self.socket
            found = path is None
            if path is None:
                # Starting an engine blocks until it is ready; meanwhile the screen has to be drawn.
                path = await asyncio.to_thread(
                    ensure_engine, self.model, self.options, record=self.keeps_record
                )
            self.client = await EngineClient.open(path, on_detach=self.on_detach)
            welcome = self.client.welcome
            self.load_options[welcome.model or ""] = welcome.options
            if found and not self.options and (way := options_in_words(welcome.options)):
                self.on_message(f"the engine {welcome.engine} has this model loaded with: {way}")
            self.failure = ""
            self.inbox.append({"ev": "up"})
            self.connect_done.set()
            async for item in self.client.items():
                if isinstance(item, JournalRecord) and isinstance(item.event, VectorChanged):
                    # A new engine needs the sources to load the vectors again.
                    self.sources[item.event.name] = item.event.source
                self.inbox.append(item)
        except SteerError as error:
            self.failure = str(error)
            # Requests wait for this event, and would wait for ever after a failure.
            self.connect_done.set()

    def prepare_restart(self) -> None:
        """Prepare to start a new engine: the same model with the same load options, and recorded only if
        the old one was.
        """
        self.socket = None
        # Requests made from now on wait for the new engine.
        self.connect_done.clear()
        # Without a record there is no journal to open again.
        self.lost_session = self.state.session if self.recorded else ""
        if self.state.model is not None and self.state.model.state != "failed":
            self.model = self.state.model.name
            # The options of an engine that had no model yet are kept under the empty name.
            self.options = self.load_options.get(self.model, self.load_options.get("", {}))
        self.keeps_record = self.client is None or self.recorded

    def ending_words(self) -> str:
        """How the engine ended, if this process started it, and its last event."""
        # Imported here, as in `run`.
        from steertui.engine.launch import exit_words

        how = exit_words(self.client.welcome.pid) if self.client else ""
        return f" ({how} after event {self.state.seq})" if how else ""

    def session_changed(self) -> bool:
        """Whether this is another engine or session than before."""
        if self.client is None:
            return False
        before, self.epoch = self.epoch, self.client.welcome.epoch
        # On the first connection there is no epoch to compare with.
        return bool(before) and before != self.epoch

    async def request(self, op: str, **what: Any) -> dict[str, Any] | None:
        """The engine's reply, or None after showing the error; waits for an engine that is starting."""
        await self.connect_done.wait()
        if self.client is None:
            self.on_message(self.failure)
            return None
        try:
            return await self.client.ask(op, **what)
        except SteerError as error:
            self.on_message(str(error))
            return None

    async def request_or_raise(self, op: str, **what: Any) -> dict[str, Any]:
        """The engine's reply; raises its error."""
        await self.connect_done.wait()
        if self.client is None:
            raise EngineUnavailable(self.failure)
        return await self.client.ask(op, **what)

    async def resume(self) -> bool:
        """Open the session of the lost engine again; its journal holds turns, vectors and mixer."""
        if not self.lost_session or self.client is None:
            return False
        for _ in range(RESUME_TRIES):
            while self.state.word == "loading":
                await asyncio.sleep(0.05)
            try:
                await self.client.ask("session.open", session=self.lost_session)
            except SteerError as error:
                # A new engine is busy before its first event says so, and a killed one holds the journal's lock
                # until the system has taken it apart.
                if error.exit_code not in (UsageError.exit_code, EngineUnavailable.exit_code):
                    return False
                await asyncio.sleep(RESUME_PAUSE_S)
            else:
                return True
        return False

    async def reload_vectors(self, names: Sequence[str]) -> None:
        """Load vectors of the previous engine again."""
        for name in names:
            await self.request("vector.load", source=self.sources.get(name, name), name=name)

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()
