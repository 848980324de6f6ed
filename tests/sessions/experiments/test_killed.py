"""Every experiment, killed with kill -9 in the middle of writing a step down, goes on to the same tables.

The list is the registry's: a new experiment has no case here and fails until it has one.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core.finished import Finished
from core.mixer import Mixer
from sessions.experiments.registry import EXPERIMENTS
from sessions.experiments.voice import Prompt
from tests.sessions.experiments.running import events
from tests.sessions.experiments.scripted import ScriptedVoice, dose

PLAIN = {"vector": "scripted", "prompts": "english", "n": 6, "measure": "words:plan"}
CASES: Mapping[str, Mapping[str, Any]] = {
    "sweep": {**PLAIN, "contrast": "pirate"},
    "distraction": {"vector": "scripted", "tasks": "english", "at": 3, "window": 5},
    "honeypot": {"vector": "scripted", "traps": "english", "n": 4},
    "hot-swap": {**PLAIN, "at": 4, "after": 8},
    "lobotomy": {key: value for key, value in PLAIN.items() if key != "vector"} | {"base": "other"},
    "compare": {**PLAIN, "other": "another"},
    "transfer": {key: value for key, value in PLAIN.items() if key != "vector"}
    | {"vectors": "scripted,another", "models": "other"},
    "induce": {**PLAIN, "tuned": "other"},
    "axis-drift": {"vector": "scripted", "n": 3, "turns": 3, "floor": "2", "layers": "2"},
    "phases": {"contrast": "pirate", "only": "dataset,behaviour,analysis", "n": 3, "behaviour": "sweep,distraction"},
}  # fmt: skip


def says(prompt: Prompt, mixer: Mixer) -> str:
    """A word count that goes with the dose, and a walk to the first file for whoever is in a terminal."""
    if "$" in prompt.messages[0]["content"]:
        return "$ ls" if len(prompt.messages) < 3 else "$ cat notes.txt" if dose(mixer) > 0 else "Done."
    plans = int(6 + 3 * dose(mixer) + len(prompt.text) % 3)
    return " ".join([*["plan"] * max(0, plans), *["other"] * max(0, 12 - plans)])


def voice() -> ScriptedVoice:
    other = ScriptedVoice(says, name="other", tokens=0.9)
    return ScriptedVoice(
        says,
        nll=lambda text: 1 + text.count("plan") / 50,
        projects=lambda text: float(len(text) % 5),
        prefers=lambda mixer, pair: dose(mixer) + pair / 10,
        others={"other": other},
    )


class Mortal(Finished):
    """Kills its own process at a step, half a line on the disk."""

    last = 0

    def keep(self, key: str, result: Any) -> None:
        if len(self) == self.last:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"step": key, "result": result})[:-3])
                file.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        super().keep(key, result)


def asked(name: str, folder: Path) -> dict[str, Any]:
    """A study finds its folder as it was before anything ran."""
    if name != "phases":
        return dict(CASES[name])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "vector.safetensors").write_bytes(b"scripted")
    return {**CASES[name], "out": str(folder)}


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
def test_killed_and_resumed_it_gives_the_same_tables(name: str, tmp_path: Path) -> None:
    study, whole = tmp_path / "study", Finished(tmp_path / "whole.jsonl")
    expected = events(name, voice(), asked(name, study), finished=whole)
    params, steps = asked(name, study), tmp_path / "steps.jsonl"
    assert len(whole) >= 3, "something has to be worth remembering"
    for at in (len(whole) // 3, 2 * len(whole) // 3):
        killed(name, params, steps, at)
        assert not steps.read_bytes().endswith(b"\n"), "it died in the middle of a line"
    finished = Finished(steps)
    assert 0 < len(finished) < len(whole)
    assert events(name, voice(), params, finished=finished) == expected
    assert steps.read_text() == whole.file.read_text()
