"""Find running engines and start new ones, detached from the terminal."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.errors import EngineUnavailable
from core.loading.model_names import canonical_name
from core.python_child import python_command, python_environment
from sessions.live.load_options import model_options
from steertui import __version__, paths
from steertui.engine.protocol import Hello, greeting_frame
from steertui.engine.sockets import EngineSocket, refuse_foreign_path

START_S = 60.0
LOG_LIMIT = 4 << 20
NICE = 5
STARTED: dict[int, subprocess.Popen[bytes]] = {}
"""Engines started by this process, to report how they ended."""


@dataclass(frozen=True)
class RunningEngine:
    """A running engine that answered a probe."""

    id: str
    pid: int
    path: Path
    model: str | None
    state: str
    session: str
    options: Mapping[str, Any] = field(default_factory=dict)
    folder: str | None = None
    """The folder of its open session, or None if it is not recorded."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"path": str(self.path)}


def probe_engine(path: Path, seconds: float = 2.0) -> RunningEngine | None:
    """The engine that listens at a socket; None if it has died."""
    refuse_foreign_path(path)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(seconds)
            line.connect(str(path))
            line.sendall(greeting_frame(Hello(role="probe", client=__version__, pid=os.getpid())))
            with line.makefile("rb") as answer:
                welcome = json.loads(answer.readline())
        said = {key: welcome[key] for key in ("pid", "model", "state", "session", "folder")}
        return RunningEngine(id=welcome["engine"], path=path, options=welcome.get("options", {}), **said)
    except (OSError, ValueError, KeyError):
        return None


def find_engines() -> list[RunningEngine]:
    """All engines of this user, by name."""
    found: list[RunningEngine | None] = []
    for path in sorted(paths.runtime_folder().glob("*.sock")):
        # A path that is not a socket of this user is skipped.
        with contextlib.suppress(EngineUnavailable):
            found.append(probe_engine(path))
    return [engine for engine in found if engine]


def choose_engine(name: str | None = None) -> RunningEngine:
    """The engine called `name`, or the only running one."""
    engines = find_engines()
    if name is not None:
        engines = [engine for engine in engines if engine.id == name]
    if not engines:
        raise EngineUnavailable(f"no engine {name!r} is running" if name else "no engine is running")
    if len(engines) > 1:
        raise EngineUnavailable(
            f"several engines are running: name one of {', '.join(e.id for e in engines)}"
        )
    return engines[0]


def engine_with_model(model: str, options: Mapping[str, Any]) -> RunningEngine | None:
    """The engine that has this model loaded or loading with the same options."""
    return next(
        (
            e
            for e in find_engines()
            if _has_model(e, model) and model_options(e.options) == model_options(options)
        ),
        None,
    )


def _has_model(engine: RunningEngine, model: str) -> bool:
    return engine.model is not None and canonical_name(engine.model) == canonical_name(model)


def options_in_words(options: Mapping[str, Any]) -> str:
    """Load options as text; empty if all are defaults."""
    return ", ".join(f"{name} {value}" for name, value in model_options(options).items())


def ensure_engine(
    model: str,
    options: Mapping[str, Any] | None = None,
    *,
    record: bool = True,
    idle_exit: float | None = None,
) -> Path:
    """The socket of the engine that has this model loaded, or of a new one that loads it. Raises if a running
    engine has the model with other options. `idle_exit` applies only to a new engine.
    """
    # Held until a new engine answers, so that a second process finds that engine and starts none.
    with _start_lock():
        engines = find_engines()
        for engine in engines:
            if _has_model(engine, model):
                _refuse_mismatch(engine, options or {}, record)
                return engine.path
        taken = {engine.id for engine in engines}
        name = next(n for n in ["main", *(f"main-{k}" for k in range(2, 100))] if n not in taken)
        return start_engine(model, options, name=name, record=record, idle_exit=idle_exit)


def _refuse_mismatch(engine: RunningEngine, options: Mapping[str, Any], record: bool) -> None:
    end = f"stop it first (steertui stop {engine.id}) or drop the option"
    if model_options(options) and model_options(options) != model_options(engine.options):
        asked, there = (options_in_words(way) or "default options" for way in (options, engine.options))
        raise EngineUnavailable(
            f"the engine {engine.id} already has this model loaded with {there}, not {asked}: {end}"
        )
    if not record and engine.folder is not None:
        raise EngineUnavailable(f"the engine {engine.id} that has this model records its session: {end}")


def start_engine(
    model: str | None,
    options: Mapping[str, Any] | None = None,
    *,
    name: str = "main",
    record: bool = True,
    idle_exit: float | None = None,
) -> Path:
    """Spawns an engine and returns its socket once it answers."""
    door = EngineSocket(paths.runtime_folder(), name)
    command = python_command("steertui", "engine", "--name", name)
    command += ["--model", canonical_name(model)] if model else []
    command += ["--options", json.dumps(dict(options))] if options else []
    command += [] if record else ["--no-record"]
    command += ["--idle-exit", f"{idle_exit:.0f}"] if idle_exit is not None else []
    log = log_path(name)
    with log.open("ab") as out:
        # A session of its own: the terminal's signals and its hangup do not reach the engine.
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=_lower_priority,
            env=python_environment(),
        )
    STARTED[child.pid] = child
    return _wait_until_ready(door, child, log)


def exit_words(pid: int) -> str:
    """How an engine started by this process ended; empty if it is running or unknown."""
    code = STARTED[pid].poll() if pid in STARTED else None
    if code is None:
        return ""
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def log_path(name: str) -> Path:
    """The path of the engine's log; a log that is too long is renamed first."""
    log = paths.logs_folder() / f"engine-{name}.log"
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".old.log"))
    log.touch(0o600)
    return log


def _wait_until_ready(door: EngineSocket, child: subprocess.Popen[bytes], log: Path) -> Path:
    limit = time.monotonic() + START_S
    while time.monotonic() < limit:
        # The pid tells the new engine from another one at the same socket.
        if (engine := probe_engine(door.path)) and engine.pid == child.pid:
            return door.path
        if child.poll() is not None:
            # The last line of the log is most likely the error that ended it.
            said = log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise EngineUnavailable(f"the engine did not start: {said or f'exit code {child.returncode}'}")
        time.sleep(0.02)
    raise EngineUnavailable(f"the engine did not answer within {START_S:g} s; its log is {log}")


@contextlib.contextmanager
def _start_lock() -> Iterator[None]:
    """A lock that keeps two processes from starting two engines."""
    with (paths.runtime_folder() / "start.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lower_priority() -> None:
    """Lower the engine's CPU priority so that the screen stays responsive (measured: p99 41 → 24 ms)."""
    os.nice(NICE)
