"""An extraction on the real model: a vector that is there at once, its dose by KL, and the same dose as a check's."""

from __future__ import annotations

from pathlib import Path

import pytest

import core
import vectors
from core.jobs.job import Artifact, End, Progress
from core.jobs.runner import run
from vectors.checks.check import check_job
from vectors.extraction.job import extraction_job


def test_the_dose_of_persona_is_one_of_kl_and_the_checks(smollm2_model: core.Model, tmp_path: Path) -> None:
    out = tmp_path / "persona.safetensors"
    written = False
    for event in run(extraction_job(smollm2_model, {"contrast": "persona", "out": str(out)})):
        if isinstance(event, Artifact) and not written:
            written = vectors.read(out).suggestion is None
        if isinstance(event, Progress) and event.unit == "texts sampled":
            assert written, "the vector is there before its dose is searched"
    assert isinstance(event, End)
    found = event.summary
    assert 0.23 <= found["dose"]["kl"] <= 0.39
    assert found["dose"]["steers"]
    assert found["dose"]["broken"]["plus"] <= 0.25
    assert 0.9 <= found["suggestion"]["scale"] <= 1.5
    assert 12 <= found["best_layer"] <= 17
    *_, end = run(check_job(smollm2_model, {"vector": str(out), "contrast": "persona"}))
    assert isinstance(end, End)
    assert end.summary["verdict"] == "green", end.summary["reasons"]
    assert not end.summary["in_sample"]
    assert found["suggestion"]["layers"] == end.summary["suggestion"]["layers"]
    assert found["suggestion"]["scale"] == pytest.approx(end.summary["suggestion"]["scale"], rel=0.15)
