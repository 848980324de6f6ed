"""The desk's end of the line: finds or starts an engine, gathers what it says, passes on what the hands want.

Nothing here draws. What arrives waits in `inbox` until the desk's next frame; what fails is handed to `said`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import SteerError
from sessions.lines import Record
from sessions.state import State
from steertui.engine.client import Client
from steertui.engine.launch import ensure

Said = Callable[[str], None]


@dataclass
class Link:
    """One screen's connection. `model` is for an engine that has to be started; `socket` names a running one."""

    model: str
    socket: Path | None
    said: Said
    inbox: deque[Record | dict[str, Any]] = field(default_factory=deque)
    client: Client | None = None
    failed: str = ""

    @property
    def state(self) -> State:
        return self.client.state if self.client else State()

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
        """Connect and listen until the line is closed; a sentence in `failed` when there is no engine to be had."""
        try:
            path = self.socket
            if path is None:
                path = await asyncio.to_thread(ensure, self.model)
            self.client = await Client.open(path)
            self.failed = ""
            async for item in self.client.items():
                self.inbox.append(item)
        except SteerError as error:
            self.failed = str(error)

    async def ask(self, op: str, **what: Any) -> dict[str, Any] | None:
        """The engine's reply, or None after telling why there is none."""
        if self.client is None:
            self.said(self.failed or "the engine is still starting")
            return None
        try:
            return await self.client.ask(op, **what)
        except SteerError as error:
            self.said(str(error))
            return None

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()
