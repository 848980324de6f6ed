"""Every experiment, killed with kill -9 in the middle of writing a step down, goes on to the same tables.

The list is the registry's: a new experiment has no case and fails until it has one.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.jobs.resume import FinishedTasks
from sessions.experiments.registry import EXPERIMENTS
from sessions.experiments.report import pictures
from tests.sessions.experiments.every import asked, voice
from tests.sessions.experiments.running import events


class Mortal(FinishedTasks):
    """Kills its own process at a step, half a line on the disk."""

    last = 0

    def record_result(self, key: str, result: Any) -> None:
        if len(self) == self.last:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": key, "result": result})[:-3])
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        super().record_result(key, result)


def killed(name: str, params: Mapping[str, Any], steps: Path, at: int) -> None:
    """A child of this process that does not live to see its end."""
    child = os.fork()
    if child == 0:
        try:
            finished = Mortal(steps)
            finished.last = at
            events(name, voice(), params, finished=finished)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_killed_and_resumed_it_gives_the_same_tables(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "has_matplotlib", lambda: False)
    study, whole = tmp_path / "study", FinishedTasks(tmp_path / "whole.jsonl")
    expected = events(name, voice(), asked(name, study), finished=whole)
    params, steps = asked(name, study), tmp_path / "steps.jsonl"
    assert len(whole) >= 3, "something has to be worth remembering"
    for at in (len(whole) // 3, 2 * len(whole) // 3):
        killed(name, params, steps, at)
        assert not steps.read_bytes().endswith(b"\n"), "it died in the middle of a line"
    finished = FinishedTasks(steps)
    assert 0 < len(finished) < len(whole)
    assert events(name, voice(), params, finished=finished) == expected
    assert steps.read_text() == whole.file.read_text()
