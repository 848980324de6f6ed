"""A real engine process on the demo model, in folders of its own, for as long as a bench needs one."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

import steertui
from core import demo
from steertui.cli.verbs.stop import stop_engine
from steertui.engine.launch import choose_engine, start_engine

FOLDERS = ("CONFIG", "DATA", "STATE", "CACHE")


@dataclass(frozen=True)
class Running:
    """Its socket and process; how long its hello and its model took from the moment it was asked for, in seconds."""

    path: Path
    pid: int
    hello: float
    ready: float

    def cpu(self) -> float:
        """Seconds of all its threads so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def elsewhere() -> Iterator[None]:
    """No engine and no session of the user's is touched."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in FOLDERS:
            os.environ[f"XDG_{name}_HOME"] = f"{folder}/{name.lower()}"
        (Path(folder) / "run").mkdir(mode=0o700)
        os.environ |= {"XDG_RUNTIME_DIR": f"{folder}/run", "OMP_NUM_THREADS": str(torch.get_num_threads())}
        try:
            yield
        finally:
            os.environ.clear()
            os.environ |= before


@contextmanager
def running() -> Iterator[Running]:
    """Started as the app starts one, and stopped as `steertui stop` does."""
    began = time.perf_counter()
    path = start_engine(demo.INSTRUCT)
    hello = time.perf_counter() - began
    try:
        with steertui.connect(socket=path, role="observer") as client:
            client.ready()
        yield Running(path, choose_engine().pid, hello, time.perf_counter() - began)
    finally:
        asyncio.run(stop_engine(choose_engine()))
