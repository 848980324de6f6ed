"""One client connection of the engine: reads requests and sends events from the journal.

Events are not queued per client: the sender keeps a cursor into the journal and reads from its memory or,
for a slow client, from its file. So a client that reads slowly uses no memory, and one that reconnects
misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from sessions.journal.journal import Journal
from steertui.engine import protocol
from steertui.engine.protocol import LAG, MAX_FRAME, Hello, ProtocolError

QUEUE = 256
LEFTOVER = 64 << 20
LEFTOVER_S = 1.0


class ClientConnection:
    """`number` identifies the client in events; `cursor` is the last event it was sent."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number, self.role, self.cursor = number, "observer", -1
        self.on_detach = -1.0
        self._reader, self._writer = reader, writer
        self._journal: Journal | None = None
        self._wake = asyncio.Event()
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE)
        self._warned = False
        self._leading: list[bytes] = []
        self._sender: asyncio.Task[None] | None = None

    async def read_hello(self, seconds: float = 5.0) -> Hello:
        try:
            line = await asyncio.wait_for(self._read_line(), seconds)
        except TimeoutError as error:
            raise ProtocolError("no_hello", "no hello was received", fatal=True) from error
        return protocol.parse_hello(protocol.parse_frame(line))

    def switch_journal(self, journal: Journal, word: bytes) -> None:
        """Switch to another session's journal. First the last events of the old session and the notice `word`
        are sent.
        """
        if self._journal:
            last = self._journal.lines(self.cursor)
            # A client further behind skips the rest: with the new epoch it starts over anyway.
            near = last and last[-1][0] == self._journal.seq
            self._leading = [line for _, line in last if near] + [word]
            self._journal, self.cursor = journal, -1
            self.wake()

    def start(self, welcome: bytes, journal: Journal | None) -> None:
        """Start the sender with the welcome; without a journal the client only gets replies."""
        self._journal = journal
        self._sender = asyncio.create_task(self._send_all(welcome))
        self.wake()

    def wake(self) -> None:
        """Signal the sender that there may be something to send."""
        self._wake.set()

    async def serve_requests(self, answer: Callable[[bytes], Awaitable[None]]) -> None:
        """Pass every line to `answer` until the client disconnects."""
        while line := await self._read_line():
            await answer(line)

    async def send_reply(self, frame: bytes) -> None:
        """Send a frame after all events so far; blocks if the client does not read its replies."""
        # The bounded queue blocks here, so a client that does not read is not served further requests.
        await self._queue.put(frame)
        self._wake.set()

    def send_notice(self, frame: bytes) -> None:
        """Send a notice that may be dropped if the queue is full."""
        with contextlib.suppress(asyncio.QueueFull):
            self._queue.put_nowait(frame)
            self._wake.set()

    async def refuse(self, error: ProtocolError) -> None:
        """Send the error and disconnect. Unread input is drained, else the kernel would reset the connection."""
        await self._stop_sending()
        with contextlib.suppress(OSError, TimeoutError):
            self._writer.write(protocol.error_frame(None, error))
            await asyncio.wait_for(self._writer.drain(), LEFTOVER_S)
            # Half-close first: the client can still read the error before the connection ends.
            self._writer.write_eof()
            await asyncio.wait_for(self._discard(), LEFTOVER_S)

    async def close(self, seconds: float = 0.5) -> None:
        """Close the connection; data not sent within `seconds` is dropped."""
        await self._stop_sending()
        self._writer.close()
        try:
            await asyncio.wait_for(self._writer.wait_closed(), seconds)
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    async def finish(self, seconds: float = 1.0) -> None:
        """Send all queued frames, then close."""
        limit = asyncio.get_running_loop().time() + seconds
        while not self._queue.empty() and asyncio.get_running_loop().time() < limit:
            await asyncio.sleep(0.005)
        await self.close()

    async def _read_line(self) -> bytes:
        try:
            # StreamReader.readline raises ValueError for a line longer than its limit.
            return await self._reader.readline()
        except ValueError as error:
            raise ProtocolError("too_long", f"a frame is at most {MAX_FRAME} bytes", fatal=True) from error
        except OSError:
            return b""

    async def _send_all(self, welcome: bytes) -> None:
        with contextlib.suppress(OSError):
            await self._write([welcome])
            while True:
                await self._wake.wait()
                # Cleared before reading: a wake-up during the writes below starts another round.
                self._wake.clear()
                # Replies are taken first and written last, so the events of a request precede its reply.
                words = self._queued_frames()
                first, self._leading = self._leading, []
                await self._write(first)
                if self._journal:
                    await self._catch_up(self._journal)
                await self._write(words)

    def _queued_frames(self) -> list[bytes]:
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    async def _catch_up(self, journal: Journal) -> None:
        """Send events up to the current one; later events wait, so that a busy engine still sends replies."""
        until = journal.seq
        while journal is self._journal and self.cursor < until and (lines := journal.lines(self.cursor)):
            behind = until - self.cursor
            lag = protocol.notice_frame("lag", **{"from": self.cursor + 1, "to": until})
            # One notice each time the client falls behind, not one for every batch.
            frames = [lag] if behind > LAG and not self._warned else []
            self._warned = behind > LAG
            # Before the write, because `switch_journal` may reset the cursor while the write waits.
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
            # Only one task may write to the stream, so the sender is stopped and awaited.
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender
            self._sender = None
