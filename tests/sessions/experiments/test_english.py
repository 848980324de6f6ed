"""The English packs on their whole way: from a pack through the real job on a model that is none of the demo's, to the
report. The model is random, so nothing here is about what it says; that every rate is one is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

import core
import vectors
from core.jobs.job import End, JobSample
from core.jobs.runner import run
from sessions.experiments import registry
from sessions.experiments.distraction.outcomes import OUTCOMES
from sessions.experiments.honeypot.shielding import OUTCOMES as ENDS
from sessions.experiments.hot_swap.swapping import NAMES
from sessions.experiments.report import pictures
from sessions.experiments.scoring.model_sampler import TorchSampler
from tests.core import zoo
from tests.sessions.experiments import english
from tests.sessions.experiments.running import table

SHORT = {"scale": 0.2, "unit": "relative", "n": 2}
SPOKEN = {**SHORT, "max_new": 6}
TWO = {"n": 2, "max_new": 6}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base model, one that was tuned from it, and a vector, as files."""
    folder = tmp_path_factory.mktemp("english")
    for name, seed in (("base", 0), ("tuned", 1)):
        english.model(seed).save_pretrained(folder / name)
        english.tokenizer().save_pretrained(folder / name)
    chance = torch.Generator().manual_seed(7)
    rows = {layer: torch.randn(zoo.HIDDEN, generator=chance) for layer in range(3)}
    vectors.SteeringVector(rows).save(folder / "push.safetensors")
    return folder


@pytest.fixture(scope="module")
def voice(home: Path) -> TorchSampler:
    return TorchSampler(core.load(str(home / "base")))


def cases(home: Path, out: Path) -> Mapping[str, Mapping[str, Any]]:
    push, tuned = str(home / "push.safetensors"), str(home / "tuned")
    return {
        "sweep": {"vector": push, **SPOKEN, "contrast": "honesty", "scales": "-0.2,0.2"},
        "distraction": {"vector": push, **SHORT, "at": 4, "window": 12},
        "honeypot": {"vector": push, **SPOKEN, "turns": 2},
        "hot-swap": {"vector": push, **SHORT, "at": 4, "after": 8},
        "lobotomy": {**TWO, "base": tuned, "amounts": "0,1"},
        "compare": {"vector": push, **SPOKEN},
        "transfer": {"vectors": push, **SPOKEN, "models": tuned},
        "induce": {"vector": push, **SPOKEN, "tuned": tuned},
        "axis-drift": {"vector": push, **TWO, "turns": 3, "floor": "0.5"},
        "phases": {**TWO, "contrast": "motivation", "out": str(out), "behaviour": "distraction", "pairs": 20},
    }


RATES = {
    "distraction": ("outcomes", OUTCOMES),
    "honeypot": ("shielding", ENDS),
    "hot-swap": ("outcomes", NAMES),
}
QUICK = ("distraction", "honeypot", "transfer")
"""The others, and all pictures, are for `make test-slow`."""


@pytest.mark.parametrize("name", QUICK)
def test_english_from_the_pack_to_the_report_without_pictures(
    name: str, voice: TorchSampler, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "has_matplotlib", lambda: False)
    whole_way(name, voice, home, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", registry.EXPERIMENTS)
def test_english_from_the_pack_to_the_report(
    name: str, voice: TorchSampler, home: Path, tmp_path: Path
) -> None:
    whole_way(name, voice, home, tmp_path)
    assert list(tmp_path.glob("*.png"))


def whole_way(name: str, voice: TorchSampler, home: Path, out: Path) -> None:
    report = {} if name == "phases" else {"report": str(out)}
    events = list(run(registry.experiment_job(name, voice, {**cases(home, out)[name], **report})))
    end = events[-1]
    assert isinstance(end, End)
    assert end.status == "done"
    assert len({event.prompt for event in events if isinstance(event, JobSample)}) >= 2
    assert "## What follows" in (out / "report.md").read_text()
    assert len((out / "samples.jsonl").read_text().splitlines()) >= 2
    assert json.dumps(dict(end.summary))
    for row in end.summary["rows"]:
        bounded = [key for key in row if row.get(f"{key}_lo") is not None]
        assert all(row[f"{key}_lo"] <= row[key] <= row[f"{key}_hi"] for key in bounded), row
    if name in RATES:
        title, ways = RATES[name]
        for row in table(end.summary, title).values():
            assert sum(row[way] or 0 for way in ways) == pytest.approx(1 if row["n"] else 0)
