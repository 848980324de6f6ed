"""What docs/sessions.md promises a notebook is run as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import demo
from sessions.live.torch_backend import TorchBackend
from steertui import paths
from steertui.engine.inline import InlineEngine
from steertui.engine.launch import find_engines
from steertui.engine.process import EngineProcess
from steertui.engine.sockets import EngineSocket

PAGE = Path(__file__).parents[3] / "docs" / "sessions.md"


def test_the_example_runs_on_the_engine_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    process = EngineProcess(
        EngineSocket(paths.runtime_folder()), TorchBackend(), paths.sessions_folder(), demo.INSTRUCT
    )
    with InlineEngine(process) as running:
        exec(compile(example, str(PAGE), "exec"), {})
        first, second = capsys.readouterr().out.splitlines()
        assert [found.path for found in find_engines()] == [running.path], "none was started, and it goes on"
    assert "parser" in first
    assert "'determined-drifting'" in first
    flipped = re.search(r"\(answer 1 is flipped from token (\d+) on\)$", second)
    assert flipped
    assert int(flipped[1]) >= 3, "turned when the third token had been heard"
