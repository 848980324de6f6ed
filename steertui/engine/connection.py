"""One client of the engine: a reader of its requests, and a sender that is never more than a cursor into the journal.

Events are not queued per client: the sender reads them from the journal's ring, or from its file when the client has
fallen far behind. So a client that reads nothing costs nothing, and one that comes back late misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from sessions.journal import Journal
from steertui.engine import protocol
from steertui.engine.protocol import LAG, MAX_FRAME, Hello, ProtocolError

QUEUE = 256
LEFTOVER = 64 << 20
LEFTOVER_S = 1.0


class Connection:
    """`number` is the client's name in events; `cursor` the last event it was sent."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number, self.role, self.cursor = number, "observer", -1
        self.on_detach = -1.0
        self._reader, self._writer = reader, writer
        self._journal: Journal | None = None
        self._wake = asyncio.Event()
        self._words: asyncio.Queue[bytes] = asyncio.Queue(QUEUE)
        self._warned = False
        self._first: list[bytes] = []
        self._sender: asyncio.Task[None] | None = None

    async def hello(self, seconds: float = 5.0) -> Hello:
        try:
            line = await asyncio.wait_for(self._line(), seconds)
        except TimeoutError as error:
            raise ProtocolError("no_hello", "no hello came", fatal=True) from error
        return protocol.parse_hello(protocol.parse(line))

    def turn(self, journal: Journal, word: bytes) -> None:
        """Another session from its first event on; before it the last words of the one that ended, and `word`."""
        if self._journal:
            last = self._journal.lines(self.cursor)
            near = last and last[-1][0] == self._journal.seq
            self._first = [line for _, line in last if near] + [word]
            self._journal, self.cursor = journal, -1
            self.wake()

    def start(self, welcome: bytes, journal: Journal | None) -> None:
        """From here on the sender writes, the welcome first; without a journal the client only gets replies."""
        self._journal = journal
        self._sender = asyncio.create_task(self._send(welcome))
        self.wake()

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def requests(self, answer: Callable[[bytes], Awaitable[None]]) -> None:
        """Hands every line to `answer`, until the client goes."""
        while line := await self._line():
            await answer(line)

    async def say(self, frame: bytes) -> None:
        """After every event that has happened by now; waits when the client does not read its replies."""
        await self._words.put(frame)
        self._wake.set()

    def mention(self, frame: bytes) -> None:
        """A notice nobody needs to have got."""
        with contextlib.suppress(asyncio.QueueFull):
            self._words.put_nowait(frame)
            self._wake.set()

    async def refuse(self, error: ProtocolError) -> None:
        """The reason first, then the end. Unread input is taken in, or the kernel would answer it with a reset."""
        await self._stop_sending()
        with contextlib.suppress(OSError, TimeoutError):
            self._writer.write(protocol.refusal(None, error))
            await asyncio.wait_for(self._writer.drain(), LEFTOVER_S)
            self._writer.write_eof()
            await asyncio.wait_for(self._discard(), LEFTOVER_S)

    async def close(self, seconds: float = 0.5) -> None:
        """What a client does not take in that time it does not get."""
        await self._stop_sending()
        self._writer.close()
        try:
            await asyncio.wait_for(self._writer.wait_closed(), seconds)
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    async def finish(self, seconds: float = 1.0) -> None:
        """Lets what was said go out before the end."""
        limit = asyncio.get_running_loop().time() + seconds
        while not self._words.empty() and asyncio.get_running_loop().time() < limit:
            await asyncio.sleep(0.005)
        await self.close()

    async def _line(self) -> bytes:
        try:
            return await self._reader.readline()
        except ValueError as error:
            raise ProtocolError("too_long", f"a frame is at most {MAX_FRAME} bytes", fatal=True) from error
        except OSError:
            return b""

    async def _send(self, welcome: bytes) -> None:
        with contextlib.suppress(OSError):
            await self._write([welcome])
            while True:
                await self._wake.wait()
                self._wake.clear()
                words = self._take()
                first, self._first = self._first, []
                await self._write(first)
                if self._journal:
                    await self._catch_up(self._journal)
                await self._write(words)

    def _take(self) -> list[bytes]:
        return [self._words.get_nowait() for _ in range(self._words.qsize())]

    async def _catch_up(self, journal: Journal) -> None:
        """Up to what has happened by now: a busy engine must not keep the replies from ever being sent."""
        until = journal.seq
        while journal is self._journal and self.cursor < until and (lines := journal.lines(self.cursor)):
            behind = until - self.cursor
            lag = protocol.notice("lag", **{"from": self.cursor + 1, "to": until})
            frames = [lag] if behind > LAG and not self._warned else []
            self._warned = behind > LAG
            self.cursor = lines[-1][0]
            await self._write(frames + [line for _, line in lines])

    async def _write(self, frames: list[bytes]) -> None:
        if frames:
            self._writer.write(b"".join(frames))
            await self._writer.drain()

    async def _discard(self) -> None:
        taken = 0
        while taken < LEFTOVER and (chunk := await self._reader.read(MAX_FRAME)):
            taken += len(chunk)

    async def _stop_sending(self) -> None:
        if self._sender:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
            self._sender = None
