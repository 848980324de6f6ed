"""The dose of a new vector: the check's own, found after the vector is there; and what stays if it is not found."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import core
import vectors
from core.errors import BadInput
from core.jobs.job import Artifact, End, Job, JobEvent, JobSample, Progress, Steps, Task
from core.jobs.runner import run
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from steertui.screens.jobs.job_list import JobReports
from tests.core import zoo
from tests.vectors import planted
from vectors.checks.check import check_job
from vectors.contrasts.catalogue import contrast
from vectors.extraction import job as extraction
from vectors.extraction.job import extraction_job, state_folder, two_model_job
from vectors.extraction.suggest import separation_band

NEAR = 0.15
"""A check measures the class gaps of natural units on fewer pairs, so its scales differ by that much."""


@pytest.fixture(scope="module")
def base() -> core.Model:
    return core.load("demo-base")


def asked(out: Path, **more: Any) -> dict[str, Any]:
    return {"contrast": "pirate", "out": str(out), "model": "demo-base"} | more


def to_the_end(
    work: Job, stop: Callable[[JobEvent], bool] = lambda event: False
) -> tuple[list[JobEvent], dict[str, Any], str]:
    """(events, summary, status); cancelled at the first event that `stop` names."""
    cancel, events = threading.Event(), []
    for event in run(work, cancel=cancel):
        events.append(event)
        if stop(event):
            cancel.set()
    end = events[-1]
    assert isinstance(end, End)
    return events, dict(end.summary), end.status


@pytest.mark.parametrize("name", ["determined-drifting", "pirate", "assistant-persona"])
def test_it_is_the_dose_of_a_check(base: core.Model, name: str, tmp_path: Path) -> None:
    out = tmp_path / "v.safetensors"
    _, found, _ = to_the_end(extraction_job(base, asked(out, contrast=name)))
    _, checked, _ = to_the_end(check_job(base, {"vector": str(out), "contrast": name}))
    ours, theirs = found["suggestion"], checked["suggestion"]
    assert (ours["layers"], ours["unit"], ours["split"]) == (
        theirs["layers"],
        theirs["unit"],
        theirs["split"],
    )
    assert ours["scale"] == pytest.approx(theirs["scale"], rel=NEAR)
    assert found["dose"]["kl"] == pytest.approx(checked["kl"], rel=0.1)
    assert 0.03 <= found["dose"]["kl"] <= 0.08
    assert found["dose"]["steers"]
    assert vectors.read(out).suggestion == ours


def test_the_vector_is_there_before_the_search_begins(base: core.Model, tmp_path: Path) -> None:
    out = tmp_path / "v.safetensors"
    seen: list[vectors.SteeringVector] = []
    stages = []
    for event in run(extraction_job(base, asked(out))):
        if isinstance(event, Artifact):
            seen.append(vectors.read(out))
        if isinstance(event, Progress) and seen and event.unit not in stages:
            stages.append(event.unit)
    first, second = seen
    assert "texts sampled" in stages
    assert (first.suggestion, second.suggestion is None) == (None, False)
    assert first == second
    assert first.sha256 == vectors.read(out).sha256


@pytest.mark.parametrize(
    "unit", ["contexts continued", "texts sampled", "samples differentiated", "answers read"]
)
def test_a_stop_in_the_search_leaves_the_vector(base: core.Model, unit: str, tmp_path: Path) -> None:
    out = tmp_path / "v.safetensors"
    stop = lambda event: isinstance(event, Progress) and event.unit == unit  # noqa: E731
    _, summary, status = to_the_end(extraction_job(base, asked(out)), stop)
    assert status == "cancelled"
    assert (summary["dose_search"], summary["suggestion"], summary["dose"]) == ("stopped", None, None)
    assert f"steertui check {out} --contrast pirate" in summary["warnings"][-1]
    assert vectors.read(out).sha256 == summary["sha256"]
    assert vectors.read(out).suggestion is None
    # The same command finds the states and ends with the dose.
    assert state_folder(asked(out), contrast("pirate")).exists()
    events, again, status = to_the_end(extraction_job(base, asked(out)))
    first = next(event for event in events if isinstance(event, Progress) and event.unit == "texts read")
    assert (first.done, first.total) == (400, 400)
    assert (status, again["dose_search"]) == ("done", "found")
    assert not state_folder(asked(out), contrast("pirate")).exists()


def test_no_dose_ends_with_the_vector(base: core.Model, tmp_path: Path) -> None:
    events, summary, _ = to_the_end(extraction_job(base, asked(tmp_path / "v.safetensors", suggest=False)))
    assert (summary["dose_search"], summary["dose"]) == ("skipped", None)
    assert sum(isinstance(event, Artifact) for event in events) == 1
    assert not any(isinstance(event, JobSample) for event in events)


def test_a_search_that_fails_leaves_the_vector_and_says_why(
    base: core.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> Steps[None]:
        yield Progress(1, 2, "texts sampled")
        raise BadInput("the model's logits are not finite under this push")

    monkeypatch.setattr(extraction, "add_dose", fails)
    out = tmp_path / "v.safetensors"
    _, summary, status = to_the_end(extraction_job(base, asked(out)))
    assert (status, summary["dose_search"]) == ("done", "failed")
    assert summary["warnings"][-1] == "no dose was found: the model's logits are not finite under this push"
    assert vectors.read(out).sha256 == summary["sha256"]


def test_a_file_that_was_replaced_meanwhile_is_left_alone(base: core.Model, tmp_path: Path) -> None:
    out, other = tmp_path / "v.safetensors", planted.random()
    changed = False
    for event in run(extraction_job(base, asked(out))):
        if isinstance(event, Progress) and event.unit == "texts sampled" and not changed:
            changed = True
            other.save(out)
    assert isinstance(event, End)
    assert "the file was changed meanwhile: its card is left alone" in event.summary["warnings"]
    assert vectors.read(out).sha256 == other.sha256


def test_two_models_are_dosed_where_they_differ(base: core.Model, tmp_path: Path) -> None:
    out = tmp_path / "v.safetensors"
    params = asked(out, tuned="demo-instruct")
    events, summary, _ = to_the_end(two_model_job(lambda: core.load("demo-instruct"), lambda: base, params))
    artifacts = [place for place, event in enumerate(events) if isinstance(event, Artifact)]
    sampled = next(
        p for p, event in enumerate(events) if isinstance(event, Progress) and event.unit == "texts sampled"
    )
    assert artifacts[0] < sampled < artifacts[1]
    assert summary["dose_search"] == "found"
    assert summary["dose"]["steers"] is None, "no set says what the difference must move"
    assert min(summary["suggestion"]["layers"]) >= 2
    assert summary["suggestion"]["scale"] > 0, "towards the tuned model"
    assert vectors.read(out).suggestion == summary["suggestion"]
    stop = lambda event: isinstance(event, Progress) and event.unit == "texts sampled"  # noqa: E731
    again = tmp_path / "again.safetensors"
    _, stopped, status = to_the_end(
        two_model_job(lambda: core.load("demo-instruct"), lambda: base, params | {"out": str(again)}), stop
    )
    assert (status, stopped["dose_search"]) == ("cancelled", "stopped")
    assert vectors.read(again).sha256 == summary["sha256"]


def test_an_adapter_is_dosed_on_its_base_and_left_off(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    adapted = peft.get_peft_model(
        zoo.build("llama"), peft.LoraConfig(r=2, target_modules=["down_proj"], layers_to_transform=[2])
    )
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora" in name:
                weight.normal_(generator=torch.Generator().manual_seed(len(name)))
    adapted.save_pretrained(tmp_path / "lora")
    hf = zoo.build("llama")
    hf.save_pretrained(tmp_path / "model")
    zoo.tokenizer().save_pretrained(tmp_path / "model")
    texts = tmp_path / "prompts.jsonl"
    texts.write_text("".join(json.dumps({"prompt": f"the way number {n}"}) + "\n" for n in range(12)))
    model = core.load(tmp_path / "model")
    ids = torch.tensor([[3, 4, 5, 6]])
    with torch.no_grad():
        before = model.hf(ids).logits
    out = tmp_path / "v.safetensors"
    params = {"contrast": str(texts), "out": str(out), "tuned": str(tmp_path / "lora")}
    events, summary, _ = to_the_end(extraction_job(model, params))
    assert any(isinstance(event, Progress) and event.unit == "texts sampled" for event in events)
    assert summary["dose_search"] in ("found", "failed")
    assert vectors.read(out).sha256 == summary["sha256"]
    with torch.no_grad():
        assert torch.equal(model.hf(ids).logits, before), "the model is the one that was given"


def test_the_band_of_separation_is_never_of_the_first_fifth(base: core.Model) -> None:
    found = vectors.extract(base, contrast("determined-drifting"), suggest=False)
    assert min(separation_band(found.vector, {}, base.n_layers)) >= 2
    vector = planted.vector(torch.ones(base.hidden_size), layers=(0, 1))
    assert separation_band(vector, {}, base.n_layers) == (0, 1), "unless it has no other rows"


def test_every_stage_has_a_rate_and_a_time_left(base: core.Model, tmp_path: Path) -> None:
    """One second between two events of the job, as the screen of jobs hears them; nothing long goes unreported."""
    reports, number = JobReports(), 0
    rates: dict[str, list[tuple[float | None, float | None]]] = {}
    silent = longest = 0
    work = extraction_job(base, asked(tmp_path / "v.safetensors"))
    answer = None
    while True:
        try:
            item = work.send(answer)
        except StopIteration:
            break
        answer = item.work() if isinstance(item, Task) else None
        if isinstance(item, Task):
            silent += 1
            longest = max(longest, silent)
            continue
        silent = 0
        event = ev.JobChanged(job=1, kind="extract", state="running", event=item.to_json())
        reports.on_record(JournalRecord(number, 1000 if number else 0, event))
        number += 1
        stage = reports.reports[1].stage
        if stage is not None:
            rates.setdefault(stage.unit, []).append((stage.rate, stage.seconds_left(reports.clock)))
    assert {"texts read", "layers measured", "texts sampled", "tokens generated"} <= rates.keys()
    for unit, seen in rates.items():
        # The first report of a stage has no rate yet where the stage before it ended with it.
        assert all(rate and left is not None for rate, left in seen[1:]), unit
    assert longest <= 4, "a task or two between two reports"
