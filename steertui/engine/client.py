"""The asyncio client of the engine: folds events into a state, sends requests, and reconnects.

If the connection drops, `items` yields a notice and continues with the next event after reconnecting.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

from core.errors import EngineUnavailable, SteerError, UsageError
from sessions.journal.codec import LINE_LIMIT, JournalRecord, decode
from sessions.state.fold import fold
from sessions.state.state import SessionState
from steertui import __version__
from steertui.engine.protocol import (
    BEAT_S,
    DEAD_BEATS,
    DEAD_BEATS_LOADING,
    MAX_FRAME,
    Frame,
    Hello,
    Welcome,
    dump_frame,
    greeting_frame,
)
from steertui.engine.sockets import peer_ids, refuse_foreign_path

Item: TypeAlias = JournalRecord | Frame
RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class RemoteError(SteerError):
    """An error reply of the engine, with the exit code for a command."""

    def __init__(self, code: str, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.code, self.exit_code = code, exit_code


class EngineClient:
    """`state` is the fold of all events received; `connection` is up, silent, lost, gone or closed."""

    def __init__(self, path: Path, role: str, retry: bool, record: bool, on_detach: float) -> None:
        self.path, self.role, self._record, self._on_detach = path, role, record, on_detach
        self.state = SessionState()
        self.welcome: Welcome
        self.connection = "lost"
        self._retry = retry
        self._local = False
        self._numbers = itertools.count(1)
        self._pending: dict[int, asyncio.Future[Frame]] = {}
        self._items: asyncio.Queue[Item | None] = asyncio.Queue()
        self._writer: asyncio.StreamWriter
        self._listening: asyncio.Task[None]

    @classmethod
    async def open(
        cls,
        path: Path | str,
        *,
        role: str = "writer",
        retry: bool = True,
        record: bool = True,
        on_detach: float = -1.0,
    ) -> EngineClient:
        """Connect, or raise `EngineUnavailable`; all events of the session follow. A guest has its own
        session, kept if `record` is set, and does not reconnect. If a writer disconnects for longer than
        `on_detach` seconds, its answer is stopped (-1: never).
        """
        client = cls(Path(path), role, retry and role != "guest", record, on_detach)
        reader = await client._connect()
        client._listening = asyncio.create_task(client._listen(reader))
        return client

    async def items(self) -> AsyncIterator[Item]:
        """Events (already folded into `state`) and notices, until the client is closed or the engine is gone."""
        while (item := await self._items.get()) is not None:
            yield item

    async def ask(self, op: str, **args: Any) -> Frame:
        """Send a request and wait for its reply; its events are folded by then. Raises the engine's error."""
        number = next(self._numbers)
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        # Registered before the request is sent, so that the reply always finds it.
        self._pending[number] = answer
        try:
            self._send({"id": number, "op": op, **args})
            return await answer
        finally:
            # Also after a cancellation: a late reply is then ignored.
            self._pending.pop(number, None)

    def send_command(self, op: str, **args: Any) -> None:
        """Send a request without waiting; an error comes as a notice with `err`."""
        self._send({"id": next(self._numbers), "op": op, **args})

    async def close(self) -> None:
        """Disconnect; the engine keeps running."""
        self.connection = "closed"
        self._listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._listening
        self._writer.close()
        self._items.put_nowait(None)

    def _send(self, frame: Frame) -> None:
        # A silent engine may only be busy, so requests to it are still written.
        if self.connection not in ("up", "silent"):
            raise EngineUnavailable("the engine does not answer: the connection is lost")
        line = dump_frame(frame)
        if len(line) > MAX_FRAME:
            raise UsageError(
                f"{len(line)} bytes are more than a message to an engine holds ({MAX_FRAME}): use --own"
            )
        self._writer.write(line)

    async def _connect(self) -> asyncio.StreamReader:
        refuse_foreign_path(self.path)
        try:
            reader, self._writer = await asyncio.open_unix_connection(str(self.path), limit=LINE_LIMIT)
            epoch = self.welcome.epoch if hasattr(self, "welcome") else ""
            # With `since` and `epoch` the engine sends only the events that are missing here.
            hello = Hello(
                client=__version__,
                role=self.role,
                since=self.state.seq,
                epoch=epoch,
                pid=os.getpid(),
                record=self._record,
                on_detach=self._on_detach,
            )
            self._writer.write(greeting_frame(hello))
            frame = json.loads(await asyncio.wait_for(reader.readline(), BEAT_S * DEAD_BEATS))
        except (OSError, TimeoutError, ValueError) as error:
            raise EngineUnavailable(f"no engine answers at {self.path}") from error
        if "err" in frame:
            raise RemoteError(frame["err"]["code"], frame["err"]["msg"], 5)
        # Unknown fields of a newer engine are ignored.
        self._accept_welcome(Welcome(**{k: v for k, v in frame.items() if k in Welcome.__dataclass_fields__}))
        return reader

    def _accept_welcome(self, welcome: Welcome) -> None:
        """Apply the welcome. A new epoch means the local state is outdated; the engine sends all events
        again.
        """
        if hasattr(self, "welcome") and self.welcome.epoch != welcome.epoch:
            self.state = SessionState()
        self.welcome, self.role, self.connection = welcome, welcome.role, "up"
        pid, _ = peer_ids(self._writer.get_extra_info("socket"))
        self._local = pid == welcome.pid  # otherwise the socket is forwarded from another machine

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while True:
                await self._read(reader)
                self._on_lost()
                again = await self._reconnect()
                if again is None:
                    return
                reader = again
        finally:
            self._items.put_nowait(None)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Read until the connection ends; reports when the engine is silent and when it answers again."""
        line = asyncio.ensure_future(reader.readline())
        try:
            while True:
                # On a timeout `wait` leaves the read pending, so no part of a line is lost.
                done, _ = await asyncio.wait({line}, timeout=self._silence_limit())
                if not done:
                    self._set_connection("silent")
                    continue
                # A read error, an invalid line and the end of the stream all end this connection.
                with contextlib.suppress(OSError, ValueError):
                    if data := line.result():
                        self._set_connection("up")
                        self._dispatch(data)
                        line = asyncio.ensure_future(reader.readline())
                        continue
                return
        finally:
            line.cancel()

    def _dispatch(self, data: bytes) -> None:
        """Fold an event, hand a reply to its request, or queue a notice."""
        # Journal lines begin with their number, so they are told from frames without parsing them twice.
        if data.startswith(b'{"n":'):
            record = decode(data)
            self.state = fold(self.state, record)
            self._items.put_nowait(record)
            return
        frame = json.loads(data)
        answer = self._pending.get(frame.get("re", -1))
        if answer is not None and not answer.done():
            self._answer(answer, frame)
        elif "ev" in frame or "err" in frame:
            self._apply_notice(frame)
            self._items.put_nowait(frame)

    def _apply_notice(self, frame: Frame) -> None:
        if frame.get("ev") == "epoch":
            self.state = SessionState()
            self.welcome = replace(self.welcome, epoch=frame["epoch"], session=frame["session"])
        self.role = frame.get("role", self.role)

    def _answer(self, answer: asyncio.Future[Frame], frame: Frame) -> None:
        if "err" in frame:
            error = frame["err"]
            answer.set_exception(RemoteError(error["code"], error["msg"], error["exit"]))
        else:
            self.role = frame["ok"].get("role", self.role)
            answer.set_result(frame["ok"])

    def _silence_limit(self) -> float:
        return BEAT_S * (DEAD_BEATS_LOADING if self.state.word == "loading" else DEAD_BEATS)

    def _set_connection(self, connection: str) -> None:
        if self.connection != connection:
            self.connection = connection
            self._items.put_nowait({"ev": connection})

    def _on_lost(self) -> None:
        self._set_connection("lost")
        self._writer.close()
        # A request may or may not have been carried out, so it is not repeated after reconnecting.
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(EngineUnavailable("the connection to the engine was lost"))

    async def _reconnect(self) -> asyncio.StreamReader | None:
        """Reconnect; gives up if the engine ran on this machine and its socket no longer accepts connections."""
        for pause in itertools.chain(RETRY_S, itertools.repeat(RETRY_S[-1])):
            if not self._retry:
                break
            try:
                reader = await self._connect()
            except EngineUnavailable as error:
                # On this machine a refused or missing socket means that the engine has ended.
                if self._local and isinstance(error.__cause__, ConnectionRefusedError | FileNotFoundError):
                    break
                await asyncio.sleep(pause)
            else:
                self._items.put_nowait({"ev": "up"})
                return reader
        self._set_connection("gone")
        return None
