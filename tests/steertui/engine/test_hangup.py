"""A terminal that is closed in mid-answer, as by a dropped line: the app goes, the engine it started finishes the
answer, and whoever attaches afterwards has every token.
"""

from __future__ import annotations

import contextlib
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import steertui
from sessions.journal.codec import JournalRecord
from sessions.journal.folder import all_folders
from sessions.journal.reader import read
from sessions.state.fold import fold_all
from steertui import paths
from steertui.engine.connect import EngineConnection
from steertui.engine.launch import find_engines
from tests.core import zoo

ANSWER = 256
"""What the app lets an answer have, when nobody says anything."""
LAYERS = 24
"""So many that the answer outlasts the app, which may take two seconds to go."""


@pytest.fixture
def talkative(tmp_path: Path) -> Path:
    """A model that takes its time and never ends by itself: its endings have no chance against any other token."""
    model = LlamaForCausalLM(LlamaConfig(**{**zoo.SHAPE, "num_hidden_layers": LAYERS})).eval()
    zoo.fill(model, 0)
    tokenizer = zoo.tokenizer()
    with torch.no_grad():
        for ending in ("<|im_end|>", tokenizer.eos_token):
            model.lm_head.weight[tokenizer.convert_tokens_to_ids(ending)] = 0.0
        model.lm_head.weight[zoo.EOS] = 0.0
    model.save_pretrained(tmp_path / "talkative")
    tokenizer.save_pretrained(tmp_path / "talkative")
    return tmp_path / "talkative"


class App:
    """`steertui WORDS…` on a terminal of its own; what it paints is read away, as a terminal does."""

    def __init__(self, *words: str) -> None:
        self.pid, self.line = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execv(sys.executable, [sys.executable, "-m", "steertui", *words])
        self._gone = threading.Event()
        self._eyes = threading.Thread(target=self._look, daemon=True)
        self._eyes.start()

    def _look(self) -> None:
        with contextlib.suppress(OSError):
            while not self._gone.is_set():
                if select.select([self.line], [], [], 0.02)[0]:
                    os.read(self.line, 1 << 16)

    def close(self) -> None:
        """The terminal's own end of the line: with nobody there, the kernel hangs up on all who are at the other."""
        self._gone.set()
        self._eyes.join()
        os.close(self.line)

    def type(self, keys: bytes) -> None:
        os.write(self.line, keys)

    def leave(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def hung_up(app: App) -> int:
    app.close()
    return app.leave()


def killed(app: App) -> int:
    os.kill(app.pid, signal.SIGKILL)
    code = app.leave()
    app.close()
    return code


@contextmanager
def the_engine() -> Iterator[EngineConnection]:
    """The one the app has started, watched by somebody else."""
    limit = time.monotonic() + 60
    while not (found := find_engines()):
        assert time.monotonic() < limit, "no engine came"
        time.sleep(0.05)
    try:
        with steertui.connect(socket=found[0].path, role="observer") as watcher:
            watcher.ready(120)
            yield watcher
    finally:
        subprocess.run([sys.executable, "-m", "steertui", "stop", "--all"], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("end", "code"), [(hung_up, 129), pytest.param(killed, -signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_an_app_that_goes_in_mid_answer_costs_not_one_token(
    talkative: Path, end: Callable[[App], int], code: int
) -> None:
    app = App(str(talkative))
    with the_engine() as watcher:
        watcher._until(lambda state: "writer" in state.clients.values(), 60)
        app.type(b"hello there\r")
        watcher._until(lambda state: any(turn.tokens for turn in state.turns.values()), 60)
        assert end(app) == code
        assert watcher.state.running, "the answer was still being spoken"
        watcher._until(lambda state: "writer" not in state.clients.values(), 60)
        watcher._until(lambda state: state.running is None, 120)
        with steertui.connect(socket=find_engines()[0].path) as again:
            assert again.role == "writer", "the lease is free"
            numbers = []
            for record in again.events():
                numbers.append(record.n)
                if record.n == watcher.state.seq:
                    break
            (answer,) = (turn for turn in again.state.turns.values() if turn.gen is not None)
        assert numbers == list(range(len(numbers)))
        assert (answer.stop, len(answer.tokens)) == ("length", ANSWER)
        kept: tuple[JournalRecord, ...] = read(all_folders(paths.sessions_folder())[0].journal).records
    assert [record.n for record in kept][: len(numbers)] == numbers
    assert fold_all(kept).turns[answer.id].tokens == answer.tokens
