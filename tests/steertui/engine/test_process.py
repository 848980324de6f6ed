"""The engine as a process: killed, hung up on, raced for, and found again."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import random
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import EngineUnavailable, UsageError
from core.mixer.mixer import Channel, Mixer
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.folder import SessionFolder, all_folders
from sessions.journal.journal import Journal
from sessions.journal.reader import read
from steertui import paths
from steertui.engine.client import EngineClient
from steertui.engine.launch import ensure_engine, find_engines, probe_engine, start_engine
from steertui.engine.sockets import EngineSocket, refuse_foreign_path
from tests.sessions.scripted import Vector

REPO_ROOT = Path(__file__).resolve().parents[3]
LOUD = Vector("loud", {3: (1.0, 0.0, 0.0, 0.0)}, {3: 2.0})


def spawn(name: str, pace: float = 0.002, witness: str = "", **how: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.steertui.engine.scripted_engine", name, str(pace)]
    command += [witness] if witness else []
    return subprocess.Popen(command, cwd=REPO_ROOT, stderr=subprocess.PIPE, **how)  # type: ignore[call-overload]


@contextmanager
def engine(name: str = "test", pace: float = 0.002, **how: object) -> Iterator[subprocess.Popen[bytes]]:
    child = spawn(name, pace, **how)
    try:
        path = EngineSocket(paths.runtime_folder(), name).path
        limit = time.monotonic() + 30
        while not (path.exists() and probe_engine(path)):
            assert child.poll() is None, child.stderr and child.stderr.read().decode()
            assert time.monotonic() < limit
            time.sleep(0.01)
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stderr:
            child.stderr.close()


def the_session() -> SessionFolder:
    return all_folders(paths.sessions_folder())[0]


async def speaking(path: Path) -> EngineClient:
    client = await EngineClient.open(path)
    async with asyncio.timeout(60):
        while not (client.state.model and client.state.word == "idle"):
            await asyncio.sleep(0.002)
    await client.ask("vector.load", source="loud")
    await client.ask("chat", text="go", settings={"max_new_tokens": 2000})
    return client


async def killed(
    path: Path, child: subprocess.Popen[bytes], dials: int, later: float = 0.0
) -> tuple[list[int], list[JournalRecord]]:
    """Turns dials, then kills the engine; what was acknowledged, and what was seen."""
    client = await speaking(path)
    acked = []
    for rev in range(dials):
        state = Mixer((Channel(LOUD, scale=rev / 7),)).to_json()
        acked.append((await client.ask("mixer", rev=rev, state=state))["rev"])
    await asyncio.sleep(later)
    child.send_signal(signal.SIGKILL)
    seen = [item async for item in client.items() if isinstance(item, JournalRecord)]
    assert client.connection == "gone"
    return acked, seen


PROMISED_S = 0.05
"""What a kill may cost at most."""
HELD_UP_S = 0.05
"""How long a busy machine may keep the decode thread waiting between a token and its way into the batch."""


def unwritten_s(made: Sequence[float], kept: int) -> float:
    """How old the first token that the journal lacks was when the last one was handed on: the newest of all may have
    been under way still, so that is the one before it."""
    return made[-2] - made[kept] if kept < len(made) - 1 else 0.0


def survives_a_kill(dials: int, witness: Path) -> int:
    """Every acknowledged dial and every event that anybody saw is in the journal, which opens without a hole; only
    tokens of the last 50 ms may be missing. How many that were."""
    later = random.Random(dials).uniform(0, 6 * PROMISED_S)
    with engine(witness=str(witness)) as child:
        acked, seen = asyncio.run(
            killed(EngineSocket(paths.runtime_folder(), "test").path, child, dials, later)
        )
    journal, reading = Journal.resume(the_session())
    journal.close("recovered")
    assert {r.event.rev for r in reading.records if isinstance(r.event, ev.MixerChanged)} >= set(acked)
    assert list(reading.records[: len(seen)]) == seen
    assert [r.n for r in reading.records] == list(range(len(reading.records)))
    made = [moment for (moment,) in struct.iter_unpack("d", witness.read_bytes())]
    kept = sum(len(r.event.ids) for r in reading.records if isinstance(r.event, ev.TokensGenerated))
    assert unwritten_s(made, kept) <= PROMISED_S + HELD_UP_S
    return len(made) - kept


@pytest.mark.parametrize("dials", [3, 22, 41, 60, 79])
def test_kill_9_keeps_every_acknowledged_event_and_every_seen_token(dials: int, tmp_path: Path) -> None:
    lost = survives_a_kill(dials, tmp_path / "witness")
    assert lost >= 0, "nothing is in the journal that was not said"


@pytest.mark.slow
@pytest.mark.parametrize("dials", range(190))
def test_kill_9_at_190_moments(dials: int, tmp_path: Path) -> None:
    survives_a_kill(dials, tmp_path / "witness")


def test_what_a_kill_may_cost_is_measured_in_time_and_not_in_tokens() -> None:
    made = [k / 100 for k in range(11)]
    assert unwritten_s(made, kept=11) == unwritten_s(made, kept=10) == 0
    assert unwritten_s(made, kept=5) == pytest.approx(0.04)
    assert unwritten_s(made, kept=0) > PROMISED_S, (
        "a journal that writes ten times a second would be found out"
    )


def test_the_next_engine_clears_away_what_a_killed_one_left() -> None:
    with engine() as child:
        child.kill()
        child.wait()
        assert EngineSocket(paths.runtime_folder(), "test").path.exists()
        assert find_engines() == []
        with engine():
            assert [found.id for found in find_engines()] == ["test"]


def test_a_closed_terminal_does_not_end_the_answer() -> None:
    """The engine sits on a terminal of its own; hanging that up sends SIGHUP to it, as a dropped ssh would."""

    async def hang_up(path: Path, terminal: int) -> None:
        client = await speaking(path)
        await client.close()
        os.close(terminal)
        again = await EngineClient.open(path)
        async with asyncio.timeout(60):
            while not (again.state.path() and again.state.path()[-1].stop):
                await asyncio.sleep(0.01)
        assert [token.id for token in again.state.path()[-1].tokens] == [k % 50 for k in range(2000)]
        await again.close()

    mine, theirs = pty.openpty()
    with engine(pace=0.0005, stdin=theirs, stdout=theirs, preexec_fn=os.setsid) as child:
        os.close(theirs)
        os.kill(child.pid, signal.SIGHUP)
        asyncio.run(hang_up(EngineSocket(paths.runtime_folder(), "test").path, mine))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_signal_ends_the_session_properly(number: signal.Signals) -> None:
    async def note(path: Path) -> None:
        client = await EngineClient.open(path)
        await client.ask("note", text="worth keeping")
        await client.close()

    with engine() as child:
        asyncio.run(note(EngineSocket(paths.runtime_folder(), "test").path))
        child.send_signal(number)
        assert child.wait(20) == 0
    assert read(the_session().journal).records[-1].event == ev.SessionClosed(reason=f"ended by {number.name}")
    assert not EngineSocket(paths.runtime_folder(), "test").path.exists()


def test_of_engines_that_start_at_once_one_wins_and_the_others_say_who() -> None:
    children = [spawn("race") for _ in range(4)]
    path = EngineSocket(paths.runtime_folder(), "race").path
    limit = time.monotonic() + 30
    while sum(child.poll() is None for child in children) > 1 or not probe_engine(path):
        assert time.monotonic() < limit
        time.sleep(0.01)
    winner = next(child for child in children if child.poll() is None)
    found = probe_engine(path)
    assert found is not None
    assert found.pid == winner.pid
    for child in children:
        if child is not winner:
            assert child.stderr is not None
            assert f"is running already (process {winner.pid})" in child.stderr.read().decode()
    winner.kill()
    for child in children:
        child.wait()
        child.stderr.close()  # type: ignore[union-attr]


def test_the_real_engine_is_started_once_detached_found_and_stopped() -> None:
    path = start_engine(None)
    (found,) = find_engines()
    assert found.path == path
    assert os.getsid(found.pid) == found.pid
    assert probe_engine(path) == found
    done = steertui("ls", "--json")
    assert json.loads(done.stdout) == {"engines": [found.as_json()]}
    with pytest.raises(EngineUnavailable, match=r"did not start: .*is running already"):
        start_engine(None)
    assert steertui("stop", "--json").returncode == 0
    assert find_engines() == []
    assert steertui("stop").returncode == 5


def test_an_engine_says_that_its_own_environment_has_no_key(tmp_path: Path) -> None:
    async def judged(path: Path) -> str:
        client = await EngineClient.open(path)
        params = {"set": "motivation", "out": str(tmp_path / "new.jsonl"), "pairs": 2}
        await client.ask("job.start", kind="contrast-make", params=params)
        async for item in client.items():
            if (
                isinstance(item, JournalRecord)
                and isinstance(item.event, ev.JobChanged)
                and item.event.state == "failed"
            ):
                return item.event.message
        return ""

    bare = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC")}
    with engine(env=bare):
        said = asyncio.run(judged(EngineSocket(paths.runtime_folder(), "test").path))
    assert "set ANTHROPIC_API_KEY where the engine is started" in said


def test_an_engine_that_has_the_model_is_used_and_no_second_is_started() -> None:
    with engine("main"):
        assert ensure_engine("scripted") == EngineSocket(paths.runtime_folder(), "main").path
        assert len(find_engines()) == 1


def steertui(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "steertui", *words]
    return subprocess.run(command, cwd=REPO_ROOT, capture_output=True, text=True, check=False)


def test_a_socket_that_is_not_ours_is_refused_by_its_sentence(tmp_path: Path) -> None:
    link, plain = tmp_path / "a.sock", tmp_path / "b.sock"
    link.symlink_to(plain)
    plain.touch()
    with pytest.raises(EngineUnavailable, match="symbolic link"):
        refuse_foreign_path(link)
    with pytest.raises(EngineUnavailable, match="is not a socket"):
        refuse_foreign_path(plain)
    refuse_foreign_path(tmp_path / "none.sock")
    if os.getuid() == 0:
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(tmp_path / "c.sock"))
        os.chown(tmp_path / "c.sock", 1001, -1)
        with pytest.raises(EngineUnavailable, match="belongs to uid 1001"):
            refuse_foreign_path(tmp_path / "c.sock")


def test_names_and_paths_of_sockets_are_bounded(tmp_path: Path) -> None:
    for name in ("", "../x", "a/b", ".x", "x" * 41, "a\0b"):
        with pytest.raises(UsageError, match="an engine's name"):
            EngineSocket(tmp_path, name)
    with pytest.raises(EngineUnavailable, match="longer than 107 bytes"):
        EngineSocket(tmp_path / ("x" * 100))


def test_the_socket_is_for_its_owner_alone() -> None:
    with engine():
        assert EngineSocket(paths.runtime_folder(), "test").path.stat().st_mode & 0o777 == 0o600
        assert paths.runtime_folder().stat().st_mode & 0o777 == 0o700
