"""The engine's server: accepts clients, makes one of them the writer, and dispatches requests.

One asyncio loop serves all clients; the decode thread never waits for them. A journal event only wakes the
senders.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.ulid import new_ulid
from steertui import __version__
from steertui.engine import protocol
from steertui.engine.connection import ClientConnection
from steertui.engine.guests import GuestSession
from steertui.engine.host import SessionHost
from steertui.engine.protocol import BEAT_S, MAX_FRAME, OPS, PROTO, Frame, Hello, ProtocolError, Welcome
from steertui.engine.sockets import peer_ids

LOG = logging.getLogger(__name__)


class EngineServer:
    """`name` is the engine's; `epoch` changes with every engine and session, so that a client knows whether
    its state is current.
    """

    def __init__(self, host: SessionHost, name: str, *, idle_exit: float | None = None) -> None:
        self.host, self.name = host, name
        self.epoch = ""
        self._idle_exit = idle_exit
        self._clients: dict[int, ClientConnection] = {}
        self._guests: dict[int, GuestSession] = {}
        self._writer: int | None = None
        self._detach_timer: asyncio.TimerHandle | None = None
        self._count = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ended = asyncio.Event()
        self.reason = "shut down"
        self._loop = asyncio.get_running_loop()
        self._woken = False
        self._start_epoch()
        host.exchanged = self._on_session_changed

    async def serve(self, door: socket.socket, ready: Callable[[], None] = lambda: None) -> str:
        """Serve until `end` is called; returns the reason."""
        server = await asyncio.start_unix_server(self._serve_client, sock=door, limit=MAX_FRAME)
        beats = asyncio.create_task(self._send_beats())
        ready()
        async with server:
            await self._ended.wait()
            server.close()
            beats.cancel()
            clients = list(self._clients.values())
            for client in clients:
                client.send_notice(protocol.notice_frame("bye", reason=self.reason))
            # Clients get the notice before the guest sessions are closed.
            await asyncio.gather(*(client.finish() for client in clients))
            visits = [self._guests.pop(number) for number in list(self._guests)]
            await asyncio.gather(*(asyncio.to_thread(visit.close, self.reason) for visit in visits))
        return self.reason

    def end(self, reason: str) -> None:
        """Stop the server; only the first reason is kept."""
        if not self._ended.is_set():
            self.reason = reason
            self._ended.set()

    def _start_epoch(self) -> None:
        self.epoch = self._new_epoch(self.host)

    def _new_epoch(self, host: SessionHost) -> str:
        """Subscribe to a session's journal and return a new epoch for it."""
        host.journal.listen(self._on_record)
        return f"{host.journal.session}.{new_ulid()}"

    def _on_session_changed(self) -> None:
        # Sessions are exchanged on an op's thread; clients are changed only on the loop.
        self._loop.call_soon_threadsafe(self._move_clients)

    def _move_clients(self) -> None:
        """Move all clients to the new session; a notice is sent before its first event."""
        self._start_epoch()
        for client in self._clients.values():
            # Guests follow the journal of their own session.
            if client.role != "guest":
                client.switch_journal(self.host.journal, _epoch_notice(self.epoch, self.host))
                self.host.journal.append(ev.ClientAttached(client=client.number, role=client.role))

    def _on_guest_session_changed(self, client: ClientConnection, visit: GuestSession) -> None:
        """A guest has opened another session of its own."""
        visit.follow_session()
        word = _epoch_notice(self._new_epoch(visit.host), visit.host)
        self._loop.call_soon_threadsafe(client.switch_journal, visit.host.journal, word)

    # from the journal -------------------------------------------------------------------------------------------

    def _on_record(self, _: JournalRecord) -> None:
        """Called on the event's thread: schedule one wake-up of the loop, however many events arrive before
        it runs.
        """
        # Crossing threads costs a system call, so a burst of events causes only one.
        if not self._woken:
            self._woken = True
            # The loop may already be closed when the last events arrive.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake_clients)

    def _wake_clients(self) -> None:
        # Cleared before the clients are woken: an event in between schedules another wake-up.
        self._woken = False
        for client in self._clients.values():
            client.wake()

    # one client ---------------------------------------------------------------------------------------------------

    async def _serve_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        client = ClientConnection(self._count, reader, writer)
        try:
            hello = await self._check_peer(client, writer)
            self._admit_client(client, hello)
            await client.serve_requests(partial(self._request, client))
        except ProtocolError as error:
            await client.refuse(error)
        finally:
            self._remove_client(client)
            await client.close()

    async def _check_peer(self, client: ClientConnection, writer: asyncio.StreamWriter) -> Hello:
        pid, uid = peer_ids(writer.get_extra_info("socket"))
        # Checked before any input of the peer is read.
        if uid != os.getuid():
            LOG.warning("refused process %d of uid %d", pid, uid)
            raise ProtocolError("foreign_user", f"this engine belongs to uid {os.getuid()}", fatal=True)
        return await client.read_hello()

    def _admit_client(self, client: ClientConnection, hello: Hello) -> None:
        client.on_detach = hello.on_detach
        if hello.role == "writer" and self._writer is None:
            self._make_writer(client)
        # The client's position only means something in the journal it was counted in.
        client.cursor = hello.since if hello.epoch == self.epoch else -1
        self._clients[client.number] = client
        if hello.role == "guest":
            self._admit_guest(client, hello)
            return
        if hello.role != "probe":
            self.host.journal.append(ev.ClientAttached(client=client.number, role=client.role, pid=hello.pid))
        journal = None if hello.role == "probe" else self.host.journal
        client.start(protocol.greeting_frame(self._greeting(client, self.host, self.epoch)), journal)

    def _admit_guest(self, client: ClientConnection, hello: Hello) -> None:
        """Give a guest its own session; it does not use events of the open one."""
        visit = self._guests[client.number] = GuestSession(self.host, record=hello.record)
        visit.host.exchanged = partial(self._on_guest_session_changed, client, visit)
        client.role, client.cursor = "guest", -1
        epoch = self._new_epoch(visit.host)
        client.start(protocol.greeting_frame(self._greeting(client, visit.host, epoch)), visit.host.journal)

    def _greeting(self, client: ClientConnection, host: SessionHost, epoch: str) -> Welcome:
        state = host.session.state
        return Welcome(
            proto=PROTO,
            engine=self.name,
            epoch=epoch,
            session=state.session,
            seq=host.journal.seq,
            client=client.number,
            role=client.role,
            pid=os.getpid(),
            state=state.word,
            model=state.model.name if state.model else None,
            folder=str(host.folder.path) if host.folder else None,
            app=__version__,
            options=self.host.options,
        )

    def _remove_client(self, client: ClientConnection) -> None:
        if self._writer == client.number:
            self._writer = None
            if client.on_detach >= 0:
                self._detach_timer = self._loop.call_later(client.on_detach, self._stop_abandoned_answer)
        if visit := self._guests.pop(client.number, None):
            self._schedule(asyncio.to_thread(visit.close, "the command has ended"))
        # Only an attachment that this session recorded is ended in it.
        if self._clients.pop(client.number, None) and client.number in self.host.session.state.clients:
            self.host.journal.append(ev.ClientDetached(client=client.number))

    def _make_writer(self, client: ClientConnection) -> None:
        """Make a client the writer and cancel the timer of a disconnected one."""
        self._writer, client.role = client.number, "writer"
        if self._detach_timer:
            self._detach_timer.cancel()

    def _stop_abandoned_answer(self) -> None:
        """Stop the answer of a disconnected writer whose time to return has passed."""
        if self.host.session.state.running:
            LOG.info("answer stopped: its writer did not reconnect")
            self.host.session.cancel()

    # requests -----------------------------------------------------------------------------------------------------

    async def _request(self, client: ClientConnection, line: bytes) -> None:
        number: int | None = None
        try:
            frame = protocol.parse_frame(line)
            # Read before the validation, so that an error reply carries the request's number.
            number = frame.get("id") if isinstance(frame.get("id"), int) else None
            number, op, args = protocol.parse_request(frame)
            self._check_allowed(client, op)
            if OPS[op].slow:
                # Not awaited: further requests of this client are handled meanwhile.
                self._schedule(self._run_slow_op(client, number, op, args))
                return
            result = await self._run_op(client, op, args)
        except ProtocolError as error:
            if error.fatal:
                raise
            await client.send_reply(protocol.error_frame(number, error))
        except Exception as error:
            await client.send_reply(protocol.error_frame(number, error))
        else:
            await client.send_reply(protocol.reply_frame(number, **result))

    def _check_allowed(self, client: ClientConnection, op: str) -> None:
        if client.role == "guest":
            if not OPS[op].guests or client.number not in self._guests:
                raise ProtocolError("guest", f"a guest session cannot call {op}")
        elif OPS[op].writes and client.number != self._writer:
            raise ProtocolError("observer", "another client is in control: take_control first")

    def _host_for(self, client: ClientConnection) -> SessionHost:
        visit = self._guests.get(client.number)
        return visit.host if visit else self.host

    async def _run_op(self, client: ClientConnection, op: str, args: Frame) -> Frame:
        if OPS[op].owner != "server":
            return self._host_for(client).run_op(op, args)
        result: Frame = await OPS[op].handler_of(self)(client, **args)
        return result

    async def _run_slow_op(self, client: ClientConnection, number: int, op: str, args: Frame) -> None:
        try:
            result = await asyncio.to_thread(self._host_for(client).run_op, op, args)
        except Exception as error:
            await client.send_reply(protocol.error_frame(number, error))
        else:
            await client.send_reply(protocol.reply_frame(number, **result))

    async def take_control(self, client: ClientConnection) -> Frame:
        before = self._clients.get(self._writer) if self._writer is not None else None
        self._make_writer(client)
        if before is not None and before is not client:
            before.role = "observer"
            before.send_notice(protocol.notice_frame("role", role="observer", by=client.number))
            self.host.journal.append(ev.ClientAttached(client=before.number, role="observer"))
        self.host.journal.append(ev.ClientAttached(client=client.number, role="writer"))
        return {"role": "writer"}

    async def detach(self, client: ClientConnection, reason: str = "the command has ended") -> Frame:
        """A guest gets the last events of its session before it is disconnected."""
        if visit := self._guests.pop(client.number, None):
            await asyncio.to_thread(visit.close, reason)
        # Scheduled, because the reply to this request has to be queued first.
        self._schedule(client.finish())
        return {}

    async def shutdown(self, client: ClientConnection, reason: str = "shut down by a client") -> Frame:
        # Delayed, so that the reply is sent before the server ends.
        self._loop.call_later(0.05, self.end, reason)
        return {}

    # time ---------------------------------------------------------------------------------------------------------

    async def _send_beats(self) -> None:
        idle = 0.0
        while True:
            await asyncio.sleep(BEAT_S)
            state = self.host.session.state.word
            for client in self._clients.values():
                client.send_notice(protocol.notice_frame("beat", state=state, seq=self.host.journal.seq))
            # Only a time without clients and without work counts as idle.
            idle = idle + BEAT_S if state == "idle" and not self._clients else 0.0
            if self._idle_exit is not None and idle >= self._idle_exit:
                self.end(f"idle for {idle:g} s")

    def _schedule(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        # The loop holds tasks only weakly; this reference keeps the task alive.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _epoch_notice(epoch: str, host: SessionHost) -> bytes:
    return protocol.notice_frame("epoch", epoch=epoch, session=host.journal.session)
