"""What every experiment owes: its cost first, paired conditions beside a random one, n and an interval at every number,
the same tables for the same seed, its texts kept, and no key in any file of its report.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.jobs.job import Artifact, End, JobSample, Row
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.registry import EXPERIMENTS
from sessions.experiments.report import pictures
from tests.sessions.experiments.every import CASES, asked, says, voice
from tests.sessions.experiments.running import events
from tests.sessions.experiments.scripted import ScriptedVoice

KEY, ESCAPE = "sk-ant-api03-never-in-a-report", "\x1b[31m"
CONTROLS = ("random", "shuffled")


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A study draws; what is looked at here are its numbers."""
    monkeypatch.setattr(pictures, "has_matplotlib", lambda: False)


def test_every_experiment_has_a_case() -> None:
    assert list(CASES) == list(EXPERIMENTS)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_what_an_experiment_owes(name: str, tmp_path: Path, undrawn: None) -> None:
    found = events(name, voice(), asked(name, tmp_path / "study"))
    first, end = found[0], found[-1]
    assert isinstance(first, Row)
    assert first.table == "cost"
    assert isinstance(end, End)
    told = end.summary
    assert told.keys() >= {"rows", "summary", "control", "n", "seed", "cost", "experiment", "model", "params"}
    assert told["n"] >= 1
    assert told["control"]
    assert any(word in str(row).lower() for row in told["rows"] for word in CONTROLS), (
        "no control in any table"
    )
    assert any(isinstance(event, JobSample) for event in found), "no text is kept"
    for row in told["rows"]:
        for key in [key for key in row if row.get(f"{key}_lo") is not None]:
            assert row[f"{key}_lo"] <= row[key] <= row[f"{key}_hi"], (row["table"], key)
    assert events(name, voice(), asked(name, tmp_path / "study")) == found


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_another_seed_has_other_controls(name: str, tmp_path: Path, undrawn: None) -> None:
    drawn: list[set[int]] = []
    for seed in (0, 1):
        seeds: set[int] = set()

        class Noting(ScriptedVoice):
            def random(self, like: Any, seed: int, seeds: set[int] = seeds) -> Any:
                seeds.add(seed)
                return super().random(like, seed)

        plain = voice()
        events(name, Noting(**vars(plain)), {**asked(name, tmp_path / "study"), "seed": seed})
        drawn.append(seeds)
    assert drawn[0]
    assert not drawn[0] & drawn[1]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_estimate_asks_nobody(name: str, tmp_path: Path, undrawn: None) -> None:
    speaker = voice()
    found = events(name, speaker, {**asked(name, tmp_path / "study"), "estimate": True})
    assert speaker.asked == []
    assert [event.table for event in found if isinstance(event, Row)] == ["cost"]


@pytest.mark.parametrize(
    "drawing", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["texts", "pictures"]
)
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_no_file_of_a_report_holds_a_key_or_an_escape(
    name: str, drawing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In what a model says, in its name, in a vector's name, and in the environment."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "no-shape-but-a-value")
    if not drawing:
        monkeypatch.setattr(pictures, "has_matplotlib", lambda: False)

    def leaking(prompt: SamplePrompt, mixer: Mixer) -> str:
        return f"{says(prompt, mixer)} {KEY} {ESCAPE} no-shape-but-a-value"

    class Named(ScriptedVoice):
        def vector(self, name: str) -> Any:
            found = super().vector(name)
            found.name = f"{found.name} {KEY}"
            return found

    plain, out = voice(), tmp_path / "study"
    params = asked(name, out)
    if name != "phases":
        params["report"] = str(out)
    speaker = Named(**{**vars(plain), "says": leaking, "name": f"model {KEY}"})
    speaker.others = {key: replace(other, says=leaking) for key, other in plain.others.items()}
    found = events(name, speaker, params)
    files = [file for file in out.rglob("*") if file.is_file()]
    assert any(isinstance(event, Artifact) for event in found)
    assert (out / "report.md") in files
    for file in files:
        content = file.read_bytes()
        for secret in (KEY, "no-shape-but-a-value"):
            assert secret.encode() not in content, (file.name, secret)
        assert b"\x1b" not in content or file.suffix == ".png", (
            "compressed pixels may hold any byte; a text may not"
        )
