"""The engine's promises to its clients, over the real socket, with a scripted model behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import EngineUnavailable
from core.mixer.mixer import Channel, Mixer
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord, decode
from sessions.journal.folder import all_folders, find_folder
from sessions.journal.journal import RING
from sessions.journal.reader import read
from sessions.state.fold import fold_all
from steertui import paths
from steertui.engine import protocol
from steertui.engine.client import EngineClient, RemoteError
from steertui.engine.inline import InlineEngine
from steertui.engine.launch import find_engines, probe_engine
from steertui.engine.process import EngineProcess
from steertui.engine.sockets import EngineSocket
from tests.sessions.scripted import Studio, Vector

LOUD = Vector("loud", {3: (1.0, 0.0, 0.0, 0.0)}, {3: 2.0})


@contextmanager
def engine(studio: Studio | None = None, *, record: bool = True, **settings: Any) -> Iterator[InlineEngine]:
    door = EngineSocket(paths.runtime_folder(), "test")
    sessions = paths.sessions_folder() if record else None
    with InlineEngine(EngineProcess(door, studio or Studio(), sessions, "scripted", **settings)) as running:
        yield running


async def reached(client: EngineClient, true: Callable[[EngineClient], Any]) -> None:
    """Waits for the client's state; a hang is a failure, not a timing."""
    async with asyncio.timeout(60):
        while not true(client):
            await asyncio.sleep(0.002)


async def answered(client: EngineClient, text: str, **settings: Any) -> None:
    await reached(client, lambda c: c.state.word == "idle" and c.state.model)
    turn = (await client.ask("chat", text=text, settings=settings))["turn"]
    await reached(client, lambda c: any(t.parent == turn and t.stop for t in c.state.turns.values()))


class Line:
    """A bare connection, for what a well-behaved client would never send."""

    def __init__(self, path: Path, hello: bytes | None = None) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(10)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")
        self.send(hello if hello is not None else protocol.greeting_frame(protocol.Hello()))

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def until(self, key: str) -> dict[str, Any]:
        """The next frame with that key; its absence before the end is None."""
        while line := self.file.readline():
            if key in (frame := json.loads(line)):
                return frame
        raise AssertionError(f"the connection ended without {key!r}")

    def ends(self) -> bool:
        while self.file.readline():
            pass
        return True


def test_a_chat_over_the_socket_and_the_journal_say_the_same() -> None:
    async def talk(path: Path) -> EngineClient:
        client = await EngineClient.open(path)
        await answered(client, "hello", max_new_tokens=30)
        await client.close()
        return client

    with engine() as running:
        client = asyncio.run(talk(running.path))
        assert client.state.path()[-1].text.startswith("the quick brown fox")
        folder = client.welcome.folder
    assert folder
    records = read(Path(folder) / "journal.jsonl").records
    assert fold_all(r for r in records if r.n <= client.state.seq) == client.state


def test_after_an_answer_to_a_command_its_events_are_folded() -> None:
    async def talk(path: Path) -> None:
        client = await EngineClient.open(path)
        await reached(client, lambda c: c.state.model)
        await client.ask("vector.load", source="loud")
        assert "loud" in client.state.vectors
        for rev in range(50):
            state = Mixer((Channel(LOUD, scale=rev / 10),)).to_json()
            assert (await client.ask("mixer", rev=rev, state=state))["rev"] == rev
            assert client.state.mixer.rev == rev
        await client.close()

    with engine(record=False) as running:
        asyncio.run(talk(running.path))


def test_a_hundred_attachments_during_generation_see_every_event_once() -> None:
    async def watch(path: Path) -> None:
        main = await EngineClient.open(path)
        await reached(main, lambda c: c.state.model)
        await main.ask("chat", text="go", settings={"max_new_tokens": 10**6})
        for _ in range(100):
            other = await EngineClient.open(path, role="observer")
            until = other.welcome.seq
            seen: list[int] = []
            async for item in other.items():
                if isinstance(item, JournalRecord):
                    seen.append(item.n)
                if seen and seen[-1] >= until:
                    break
            assert seen == list(range(len(seen)))
            await other.close()
        assert main.state.running, "all of them came and went in mid-answer"
        await main.ask("cancel")
        await reached(main, lambda c: c.state.path()[-1].stop)
        tokens = main.state.path()[-1].tokens
        assert [token.id for token in tokens] == [k % 50 for k in range(len(tokens))]
        await main.close()

    with engine(Studio(pace=0.01)) as running:
        asyncio.run(watch(running.path))


def test_a_dropped_client_finds_its_way_back_without_a_gap() -> None:
    async def drop(path: Path) -> None:
        client = await EngineClient.open(path)
        await reached(client, lambda c: c.state.model)
        await client.ask("chat", text="go", settings={"max_new_tokens": 100})
        seen: list[int] = []
        notices: list[str] = []
        async for item in client.items():
            if isinstance(item, JournalRecord):
                seen.append(item.n)
                if len(seen) % 10 == 0:
                    client._writer.transport.abort()
            else:
                notices.append(item["ev"])
            if (path_ := client.state.path()) and path_[-1].stop:
                break
        assert seen == list(range(len(seen)))
        assert notices.count("up") >= 2
        assert client.role == "writer"
        await client.close()

    with engine(Studio(pace=0.01)) as running:
        asyncio.run(drop(running.path))


def test_a_client_that_reads_nothing_neither_stops_the_tokens_nor_misses_any() -> None:
    """Its buffers are full at once; the answers end all the same, and when it reads at last it is told how far behind
    it is and gets every event.
    """

    async def watch(path: Path) -> None:
        deaf = Line(path)
        writer = await EngineClient.open(path, role="observer")
        await writer.ask("take_control")
        await reached(writer, lambda c: c.state.model)
        for _ in range(3):
            await answered(writer, "x" * 300_000, max_new_tokens=200)
        seq = writer.state.seq
        lagging = deaf.until("ev")
        while lagging["ev"] != "lag":
            lagging = deaf.until("ev")
        assert lagging["to"] - lagging["from"] > protocol.LAG
        await writer.close()
        numbers = [deaf.until("n")["n"]]
        while numbers[-1] < seq:
            numbers.append(deaf.until("n")["n"])
        assert numbers == list(range(numbers[0], seq + 1))

    with engine(Studio(pace=0.0005)) as running:
        for number in range(300):
            running.server.host.journal.append(ev.NoteAdded(text=f"{number}" + "x" * 5000))
        asyncio.run(watch(running.path))


def test_one_writer_many_observers_and_control_is_handed_over() -> None:
    async def share(path: Path) -> None:
        first, second = await EngineClient.open(path), await EngineClient.open(path)
        assert (first.role, second.role) == ("writer", "observer")
        with pytest.raises(RemoteError, match="take_control"):
            await second.ask("note", text="may I?")
        await second.ask("take_control")
        await reached(first, lambda c: c.role == "observer")
        await second.ask("note", text="I may")
        with pytest.raises(RemoteError):
            await first.ask("note", text="and I?")
        await second.close()
        third = await EngineClient.open(path)
        assert third.role == "writer"
        await third.close()
        await first.close()

    with engine() as running:
        asyncio.run(share(running.path))


@contextmanager
def forwarded(path: Path, to: Path) -> Iterator[list[socket.socket]]:
    """What `ssh -L` does: another socket, whose peer is not the engine. The pairs can be cut by the test."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    door.listen()
    lines: list[socket.socket] = []

    def carry(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = door.accept()
                far = socket.socket(socket.AF_UNIX)
                lines.extend((near, far))
                if far.connect_ex(str(to)):
                    near.close()
                    continue
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=carry, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield lines
    finally:
        for each in (door, *lines):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def test_a_forwarded_socket_serves_as_well_and_is_waited_for_when_it_breaks(tmp_path: Path) -> None:
    async def far_away(path: Path, lines: list[socket.socket]) -> None:
        client = await EngineClient.open(path)
        await answered(client, "hello", max_new_tokens=5)
        for line in list(lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        async with asyncio.timeout(60):
            said = (item["ev"] async for item in client.items() if isinstance(item, dict))
            notices = (ev async for ev in said if ev != "beat")
            assert [await anext(notices) for _ in range(2)] == ["lost", "up"]
        await answered(client, "still there?", max_new_tokens=5)
        assert len(client.state.path()) == 4
        await client.close()

    with engine() as running, forwarded(tmp_path / "far.sock", running.path) as lines:
        assert probe_engine(tmp_path / "far.sock")
        asyncio.run(far_away(tmp_path / "far.sock", lines))


BAD_FRAMES = {
    b"not json\n": ("bad_json", True),
    b"[1,2]\n": ("bad_frame", True),
    b'{"id":1,"op":"fly"}\n': ("unknown_op", False),
    b'{"op":"status"}\n': ("bad_frame", False),
    b'{"id":1,"op":"chat"}\n': ("bad_args", False),
    b'{"id":1,"op":"note","text":7}\n': ("bad_args", False),
    b'{"id":1,"op":"note","text":"x","loud":1}\n': ("bad_args", False),
    b'{"id":1,"op":"chat","text":"x","settings":{"colour":"red"}}\n': ("UsageError", False),
    b'{"id":1,"op":"chat","text":"x","settings":{"seed":"x"}}\n': ("UsageError", False),
    b'{"id":1,"op":"note","text":"' + b"x" * (3 << 20) + b'"}\n': ("too_long", True),
    b"[" * 100_000 + b"\n": ("bad_json", True),
}


@pytest.mark.parametrize("frame", BAD_FRAMES, ids=[code for code, _ in BAD_FRAMES.values()])
def test_a_bad_frame_gets_a_reason_and_only_its_client_suffers(frame: bytes) -> None:
    code, fatal = BAD_FRAMES[frame]
    with engine(record=False) as running:
        line, other = Line(running.path), Line(running.path)
        line.send(frame)
        assert line.until("err")["err"]["code"] == code
        if fatal:
            assert line.ends()
        else:
            line.send(b'{"id":2,"op":"status"}\n')
            assert line.until("re")["re"] == 2
        other.send(b'{"id":3,"op":"status"}\n')
        assert other.until("re")["re"] == 3


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        (b'{"proto":99,"min":99}\n', "bad_proto"),
        (b'{"proto":"1"}\n', "bad_hello"),
        (b'{"id":1,"op":"status"}\n', "bad_hello"),
        (b'{"proto":1,"role":"king"}\n', "bad_hello"),
        (b'{"proto":1,"on_detach":"stop"}\n', "bad_hello"),
        (b"GET / HTTP/1.1\n", "bad_json"),
    ],
)
def test_a_wrong_hello_is_answered_and_closed(hello: bytes, code: str) -> None:
    with engine(record=False) as running:
        line = Line(running.path, hello)
        assert line.until("err")["err"]["code"] == code
        assert line.ends()


def test_a_flood_of_requests_whose_replies_nobody_reads_is_held_back() -> None:
    with engine(record=False) as running:
        flood, other = Line(running.path), Line(running.path)
        flood.socket.setblocking(False)
        sent = 0
        request = b'{"id":1,"op":"status"}\n' * 1000
        for _ in range(2000):
            try:
                sent += flood.socket.send(request)
            except BlockingIOError:
                break
        else:
            pytest.fail("everything was taken in")
        other.send(b'{"id":3,"op":"status"}\n')
        assert other.until("re")["re"] == 3


def test_another_epoch_means_everything_from_the_start() -> None:
    with engine() as running:
        known = Line(running.path).until("proto")
        stale = Line(running.path, protocol.greeting_frame(protocol.Hello(since=10**6, epoch="another")))
        assert stale.until("n")["n"] == 0
        fresh = Line(running.path, protocol.greeting_frame(protocol.Hello(since=1, epoch=known["epoch"])))
        assert fresh.until("n")["n"] == 2


def test_who_comes_back_late_is_sent_what_only_the_file_still_has() -> None:
    """From the event it asks for to the newest, across the edge between file and ring, each once."""
    with engine() as running:
        known = Line(running.path).until("proto")
        assert running.server is not None
        journal = running.server.host.journal
        for number in range(RING + 1000):
            journal.append(ev.NoteAdded(text=str(number)))
        late = Line(running.path, protocol.greeting_frame(protocol.Hello(since=10, epoch=known["epoch"])))
        numbers = [late.until("n")["n"]]
        while numbers[-1] < journal.seq:
            numbers.append(late.until("n")["n"])
    assert numbers == list(range(11, numbers[-1] + 1))
    assert len(numbers) > RING


def test_behind_a_forwarded_socket_another_engine_is_known_as_another(tmp_path: Path) -> None:
    """The engine there was restarted: what the client holds is not what this one has, and is forgotten."""
    far = tmp_path / "far.sock"

    async def before(client: EngineClient) -> str:
        await answered(client, "hello", max_new_tokens=5)
        return client.state.session

    async def after(client: EngineClient, old: str) -> None:
        await reached(client, lambda c: c.state.session not in ("", old))
        await reached(client, lambda c: c.state.word == "idle" and c.state.model)
        assert client.state.turns == {}
        await answered(client, "and you?", max_new_tokens=5)
        assert [turn.text for turn in client.state.path()][:1] == ["and you?"]

    async def both() -> None:
        with forwarded(far, EngineSocket(paths.runtime_folder(), "test").path):
            with engine():
                client = await EngineClient.open(far)
                old = await before(client)
            await reached(client, lambda c: c.connection == "lost")
            with engine():
                await after(client, old)
                await client.close()

    asyncio.run(both())


def test_events_on_the_wire_are_the_lines_of_the_journal() -> None:
    with engine() as running:
        line = Line(running.path)
        folder = line.until("proto")["folder"]
        wire = [line.file.readline() for _ in range(3)]
        line.send(b'{"id":1,"op":"note","text":"worth keeping"}\n')
        line.until("re")
    kept = (Path(folder) / "journal.jsonl").read_bytes().splitlines(keepends=True)
    assert wire == kept[:3]
    assert isinstance(decode(wire[0]).event, ev.SessionOpened)


def test_without_a_record_nothing_is_written() -> None:
    with engine(record=False) as running:
        assert probe_engine(running.path)
    assert list(paths.sessions_folder().rglob("*")) == []


def test_a_folder_that_cannot_be_written_costs_the_record_not_the_session(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    door = EngineSocket(paths.runtime_folder(), "test")
    with InlineEngine(EngineProcess(door, Studio(), tmp_path / "file" / "sessions", "scripted")) as running:
        error = Line(running.path).until("where")
    assert error["message"].startswith(f"not recorded: cannot write {tmp_path}")
    assert "XDG_DATA_HOME" in error["message"]


def test_shutdown_says_goodbye_and_closes_the_journal() -> None:
    with engine() as running:
        line = Line(running.path)
        folder = line.until("proto")["folder"]
        line.send(b'{"id":1,"op":"note","text":"worth keeping"}\n')
        line.send(b'{"id":1,"op":"shutdown","reason":"enough"}\n')
        assert line.until("ev") == {"ev": "bye", "reason": "enough"}
        assert line.ends()
        running.close()
    assert read(Path(folder) / "journal.jsonl").records[-1].event == ev.SessionClosed(reason="enough")


def test_a_session_in_which_nothing_was_said_leaves_no_folder() -> None:
    async def leave_at_once(path: Path) -> None:
        client = await EngineClient.open(path)
        await client.ask("vector.load", source="loud")
        await client.ask("session.new")
        await client.ask("session.new")
        await client.ask("note", text="worth keeping")
        await client.ask("session.new")
        await client.close()

    with engine() as running:
        asyncio.run(leave_at_once(running.path))
        assert len(all_folders(paths.sessions_folder())) == 2, "the noted one, and the one that is open"
    (kept,) = all_folders(paths.sessions_folder())
    assert any(isinstance(record.event, ev.NoteAdded) for record in read(kept.journal).records)


async def left_in_mid_answer(path: Path, on_detach: float) -> None:
    writer = await EngineClient.open(path, on_detach=on_detach)
    await reached(writer, lambda c: c.state.word == "idle" and c.state.model)
    await writer.ask("chat", text="go", settings={"max_new_tokens": 400})
    await reached(writer, lambda c: c.state.path()[-1].tokens)
    await writer.close()


@pytest.mark.parametrize(
    ("on_detach", "stop"), [(0.0, "cancel"), (0.05, "cancel"), (-1.0, "length"), (60.0, "length")]
)
def test_an_answer_ends_with_its_writer_where_that_was_wanted(on_detach: float, stop: str) -> None:
    """Others who watch do not hold it, and neither do their own wishes."""

    async def watched(path: Path) -> str | None:
        async with asyncio.timeout(60):
            watcher = await EngineClient.open(path, role="observer", on_detach=0.0)
            await left_in_mid_answer(path, on_detach)
            await reached(watcher, lambda c: c.state.path()[-1].stop)
            await watcher.close()
        return watcher.state.path()[-1].stop

    with engine(Studio(pace=0.001), record=False) as running:
        assert asyncio.run(watched(running.path)) == stop


def test_an_answer_whose_writer_comes_back_in_time_goes_on() -> None:
    async def away_and_back(path: Path) -> EngineClient:
        await left_in_mid_answer(path, 0.1)
        async with asyncio.timeout(60):
            again = await EngineClient.open(path)
            await reached(again, lambda c: c.state.path() and c.state.path()[-1].stop)
            await again.close()
        return again

    with engine(Studio(pace=0.001), record=False) as running:
        assert asyncio.run(away_and_back(running.path)).state.path()[-1].stop == "length"


def test_an_engine_nobody_needs_goes_by_itself() -> None:
    with engine(record=False, idle_exit=0.0) as running:
        running._thread.join(10)
        assert not running._thread.is_alive()
    assert find_engines() == []


def test_a_client_without_an_engine_is_told_so() -> None:
    with pytest.raises(EngineUnavailable, match="no engine answers"):
        asyncio.run(EngineClient.open(paths.runtime_folder() / "nobody.sock"))


def test_a_new_session_has_the_same_desk_and_everybody_follows_into_it() -> None:
    async def move(path: Path) -> tuple[EngineClient, EngineClient]:
        writer, observer = await EngineClient.open(path), await EngineClient.open(path, role="observer")
        await answered(writer, "hello", max_new_tokens=5)
        await writer.ask("vector.load", source="loud")
        await writer.ask("mixer", rev=4, state=Mixer((Channel(LOUD, scale=0.5),)).to_json())
        before = writer.state
        fresh = (await writer.ask("session.new"))["session"]
        for client in (writer, observer):
            await reached(client, lambda c: c.state.session == fresh and c.state.mixer.rev == 4)
            assert client.state.turns == {}
            assert client.state.mixer == before.mixer
            assert client.state.vectors == before.vectors
            assert client.state.model == before.model
        await answered(writer, "here too", max_new_tokens=5)
        assert writer.state.path()[-1].tokens[0].proj == {"loud": 0.5}
        await reached(observer, lambda c: c.state.seq >= writer.state.seq)
        await writer.close()
        await observer.close()
        return writer, observer

    with engine() as running:
        writer, observer = asyncio.run(move(running.path))
    assert writer.state.path() == observer.state.path()
    assert len(list(paths.sessions_folder().glob("*/*/journal.jsonl"))) == 2


def test_an_old_session_is_opened_and_goes_on() -> None:
    async def there_and_back(path: Path) -> EngineClient:
        client = await EngineClient.open(path)
        await answered(client, "hello", max_new_tokens=5)
        old = client.state
        await client.ask("session.new")
        with pytest.raises(RemoteError, match="is already open"):
            await client.ask("session.open", session=client.state.session)
        await client.ask("session.open", session=old.session[-8:])
        assert client.state.path() == old.path()
        await answered(client, "go on", max_new_tokens=5)
        assert client.state.path()[0].text == "hello"
        await client.close()
        return client

    with engine() as running:
        client = asyncio.run(there_and_back(running.path))
    assert len(client.state.path()) == 4


def test_a_branch_is_a_session_of_its_own_that_begins_with_what_led_to_its_token() -> None:
    async def branch(path: Path) -> tuple[EngineClient, str]:
        client = await EngineClient.open(path)
        await answered(client, "hello", max_new_tokens=8)
        await answered(client, "and then?", max_new_tokens=8)
        old = client.state
        await client.ask("session.branch", turn=1, at=3)
        assert [turn.text for turn in client.state.path()] == ["hello", "the quick brown "]
        assert client.state.path()[-1].stop == "branch"
        await answered(client, "instead", max_new_tokens=2)
        with pytest.raises(RemoteError, match="there is no token 9"):
            await client.ask("session.branch", turn=1, at=9)
        await client.close()
        return client, old.session

    with engine() as running:
        client, parent = asyncio.run(branch(running.path))
    folder = find_folder(paths.sessions_folder(), client.state.session)
    opening = read(folder.journal).records[0].event
    assert isinstance(opening, ev.SessionOpened)
    assert opening.parent == {"session": parent, "turn": 1, "at": 3}


def test_a_session_that_is_busy_is_not_left() -> None:
    async def try_to(path: Path) -> None:
        client = await EngineClient.open(path)
        await reached(client, lambda c: c.state.word == "idle" and c.state.model)
        await client.ask("chat", text="go", settings={"max_new_tokens": 1000})
        with pytest.raises(
            RemoteError, match=r"session is busy: stop its answer \(esc\) or cancel its jobs \(F3, k\)"
        ):
            await client.ask("session.new")
        with pytest.raises(RemoteError, match="the model is in use"):
            await client.ask("load_model", model="another")
        await client.ask("cancel")
        await client.close()

    with engine(Studio(pace=0.01)) as running:
        asyncio.run(try_to(running.path))


@pytest.mark.parametrize(("said", "read"), [("30", 30.0), ("0.5", 0.5), ("-1", -1.0), ("9" * 400, 1e9)])
def test_a_time_to_wait_may_be_a_whole_number(said: str, read: float) -> None:
    frame = protocol.parse_frame(f'{{"proto":1,"on_detach":{said}}}\n'.encode())
    assert protocol.parse_hello(frame).on_detach == read
