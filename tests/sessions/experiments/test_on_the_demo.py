"""What has to hold on the demo models with their own vectors; docs/experiments.md has the full tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import core
from core.jobs.job import End, JobEvent
from core.jobs.resume import FinishedTasks
from core.jobs.runner import run
from sessions.experiments import registry
from sessions.experiments.scoring.model_sampler import TorchSampler
from tests.sessions.experiments.running import table

SHORT = {"n": 3, "max_new": 16}


@pytest.fixture(scope="module")
def base() -> TorchSampler:
    return TorchSampler(core.load("demo-base"))


def events(name: str, voice: TorchSampler, params: Mapping[str, Any], **how: Any) -> list[JobEvent]:
    return list(run(registry.experiment_job(name, voice, params), **how))


def report(name: str, voice: TorchSampler, params: Mapping[str, Any]) -> dict[str, Any]:
    end = events(name, voice, params)[-1]
    assert isinstance(end, End)
    return dict(end.summary)


@pytest.mark.slow
def test_propensity_rises_with_the_dose_and_not_with_a_random_vector(base: TorchSampler) -> None:
    asked = {
        **SHORT,
        "vector": "determined-drifting",
        "contrast": "determined-drifting",
        "scales": "-0.35,0.35",
    }
    rows = table(report("sweep", base, asked), "doses")
    low, none, high = (rows[key]["propensity"] for key in ("-0.35", "unsteered", "+0.35"))
    assert low < none - 0.3
    assert high > none + 0.3
    assert abs(rows["random +0.35"]["propensity"] - none) < 0.1


def test_a_killed_run_of_a_real_model_gives_the_same_tables(base: TorchSampler, tmp_path: Path) -> None:
    asked = {**SHORT, "vector": "pirate", "measure": "persona"}
    straight = events("compare", base, asked)
    finished = FinishedTasks(tmp_path / "steps")
    job = run(registry.experiment_job("compare", base, asked), finished=finished)
    for _ in range(4):
        next(job)
    job.close()
    assert 0 < len(finished) < SHORT["n"]
    assert events("compare", base, asked, finished=FinishedTasks(tmp_path / "steps")) == straight


@pytest.mark.slow
def test_a_monotone_response_with_a_found_window(base: TorchSampler) -> None:
    asked = {"vector": "determined-drifting", "n": 16, "coherence": "well-formed"}
    found = report("sweep", base, asked)
    summary = found["summary"]
    assert summary["monotone"] is True
    assert summary["slope"]["lo"] > 0
    assert summary["p"] < 0.01
    assert summary["p_against_random"] < 0.05
    assert summary["collapse"][0] < summary["window"][0] <= -0.35
    assert 0.35 <= summary["window"][1] < summary["collapse"][1]
    assert found["control"]["slope"]["value"] < summary["slope"]["value"] / 2


@pytest.mark.slow
def test_the_lobotomy_leads_back_to_base() -> None:
    found = report("lobotomy", TorchSampler(core.load("demo-instruct")), {"base": "demo-base", "n": 12})
    rows, summary = table(found, "lobotomy"), found["summary"]
    assert summary["sign"]["holds"] is True
    for form in ("activation", "weights"):
        assert summary[form]["towards_base"] is True
        assert summary[form]["p"] < 0.01
        assert rows[f"{form} λ=0"]["kl_to_tuned"] == 0
        distances = [rows[f"{form} λ={amount}"]["kl_to_base"] for amount in ("0", "0.5", "1")]
        assert distances == sorted(distances, reverse=True)
    assert rows["weights λ=1"]["kl_to_base"] == 0
    unlikely = {key: row["perplexity under base"] for key, row in rows.items()}
    assert unlikely["weights λ=1"] == unlikely["base"]
    assert unlikely["weights λ=0"] == unlikely["tuned"]
    assert all(not way["towards_base"] for way in found["control"]["rows"].values())


@pytest.mark.slow
def test_a_cap_holds_a_drift_that_neither_random_cap_holds(base: TorchSampler) -> None:
    asked = {"vector": "determined-drifting", "n": 12, "measure": "determined", "pull": "You are drifting."}
    found = report("axis-drift", base, asked)
    summary, what = found["summary"], "determined, second half"
    assert summary["uncapped"][what]["value"] < 0.3
    assert summary["capped"][what]["value"] > 0.9
    assert summary["capped"][what]["p"] < 0.01
    assert summary["capped"][what]["p against random, matched floor"] < 0.01
    assert found["control"]["random, matched floor"][what]["value"] < 0.4
    cost = summary["kl in the first turn"]
    assert cost["capped"] < 0.1 < cost["random, same floor"]
