"""The sixty-second check on models whose truth is known: planted, random, mute, misplaced."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import core
import vectors
from core.jobs.job import End, JobEvent
from core.jobs.runner import run
from steertui.check_report import render_check_report
from steertui.cli.main import main
from tests.vectors import planted, samples
from vectors.checks import likelihood, separation
from vectors.checks.check import check_job, check_vector, find_pairs
from vectors.checks.likelihood import ClassContinuations
from vectors.data.metadata import About
from vectors.library import measured
from vectors.statistics import metrics


def checked(
    model: core.Model, vector: vectors.SteeringVector, **choices: Any
) -> tuple[dict[str, Any], list[JobEvent]]:
    choices = {"prompts": planted.PROMPTS, "max_new": 8, "layers": [0, 1, 2]} | choices
    events = list(run(check_vector(model, vector, **choices)))
    assert isinstance(events[-1], End)
    return dict(events[-1].summary), events


@pytest.fixture(scope="module")
def speaking() -> tuple[core.Model, vectors.SteeringVector]:
    return planted.speaking()


@cache
def green() -> tuple[dict[str, Any], list[JobEvent]]:
    """Made by the first test that asks, within its own folders."""
    model, vector = planted.speaking()
    return checked(model, vector, pairs=planted.pairs())


def test_a_planted_vector_is_green(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    model, _ = speaking
    report, events = green()
    assert report["verdict"] == "green", report["reasons"]
    assert "it moves the model: propensity" in report["reasons"][0]
    assert {"verdict", "reasons", "layers", "doses", "control", "suggestion"} <= set(report)
    json.dumps(report, allow_nan=False)
    layer = report["layers"]["1"]
    assert layer["d"] > 2
    assert layer["accuracy"] == 1.0
    assert layer["relative_norm"] == pytest.approx(1 / model.residual_norms[1])
    assert [row["dose"] for row in report["doses"]] == [-2, -1, 0, 1, 2]
    tendency = [row["propensity"] for row in report["doses"]]
    assert tendency == sorted(tendency)
    assert report["doses"][2]["kl"] == pytest.approx(0.0, abs=1e-6)
    assert report["doses"][4]["kl"] > report["doses"][3]["kl"] > 0
    assert {event.kind for event in events} >= {"progress", "row", "point", "sample", "end"}


def test_a_random_vector_is_red(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    report, _ = checked(speaking[0], planted.random(), pairs=planted.pairs())
    assert report["verdict"] == "red"
    assert "does not move the model more than a random vector does" in report["reasons"][0]


def test_without_pairs_the_echo_decides() -> None:
    model, vector = planted.speaking(read=0.5)
    assert checked(model, vector)[0]["verdict"] == "green"
    assert checked(model, planted.random())[0]["verdict"] == "red"


def test_a_high_d_that_moves_nothing_is_red() -> None:
    model, vector = planted.mute()
    report, _ = checked(model, vector, pairs=planted.pairs())
    assert report["layers"]["1"]["d"] > 2
    assert report["layers"]["1"]["auroc"] == 1.0
    assert report["verdict"] == "red", report["effects"]


def test_the_wrong_model_and_a_single_layer_are_amber(
    speaking: tuple[core.Model, vectors.SteeringVector],
) -> None:
    model, vector = speaking
    axis = vector.directions[1]
    other, _ = checked(model, planted.vector(axis, model_id="maker/Other-7B"), pairs=planted.pairs())
    assert (other["verdict"], other["reasons"][0]) == ("amber", "made on maker/Other-7B, this is planted")
    single, _ = checked(model, planted.vector(axis, layers=(1,)), pairs=planted.pairs(), layers=[1])
    assert (single["verdict"], single["reasons"][0]) == ("amber", "only layer 1 of 4")


def test_a_vector_that_points_the_other_way_is_amber(
    speaking: tuple[core.Model, vectors.SteeringVector],
) -> None:
    report, _ = checked(speaking[0], -speaking[1], pairs=planted.pairs())
    assert report["verdict"] == "amber"
    assert any("sign is reversed" in reason for reason in report["reasons"])


def test_a_vector_that_does_not_fit_is_refused_before_any_work(
    speaking: tuple[core.Model, vectors.SteeringVector],
) -> None:
    with pytest.raises(vectors.VectorFileError, match="vector 24, model 64"):
        checked(speaking[0], samples.vector())


def test_what_was_measured_makes_natural_units_work_for_an_imported_file(
    speaking: tuple[core.Model, vectors.SteeringVector], tmp_path: Path
) -> None:
    model, vector = speaking
    path = samples.put(
        tmp_path, "theirs.gguf", samples.control_vector({k: v.numpy() for k, v in vector.directions.items()})
    )
    bare = vectors.read(path, model=model)
    assert not bare.gaps
    report, _ = checked(model, bare, pairs=planted.pairs())
    known = vectors.read(path, model=model)
    assert known.gaps[1] == pytest.approx(report["layers"]["1"]["gap"])
    assert known.percentile(1, 25) is not None
    assert known.suggestion == report["suggestion"]
    assert dict(known.act_norms) == pytest.approx(dict(model.residual_norms))
    assert not vectors.read(path, model=model, measured=False).gaps
    assert not vectors.read(path).gaps
    with core.steered(
        model, core.Mixer([core.Channel(known, scale=1.0, unit="natural", layers=[1], floor="p25")])
    ):
        model.hf(torch.tensor([[100, 101]]))
    checked(model, bare)
    unlabelled = vectors.read(path, model=model)
    assert not unlabelled.gaps
    assert unlabelled.percentile(1, 50) is not None
    Path(report["kept"]).write_text("{")
    assert not vectors.read(path, model=model).gaps


def test_statistics_equal_an_independent_computation(
    speaking: tuple[core.Model, vectors.SteeringVector],
) -> None:
    model, vector = speaking
    texts = planted.pairs()
    report, _ = green()
    seen: list[torch.Tensor] = []
    handle = model.layers[1].register_forward_hook(
        lambda _block, _args, out: seen.append((out[0] if isinstance(out, tuple) else out)[0, -1].double())
    )
    with torch.no_grad():
        for pair in texts:
            for ids in pair:
                model.hf(torch.tensor([ids]))
    handle.remove()
    p = [float(state @ vector.directions[1].double()) for state in seen]
    x, y = p[0::2], p[1::2]
    midpoint = (sum(x[0::2]) / 6 + sum(y[0::2]) / 6) / 2
    held_x, held_y = x[1::2], y[1::2]
    pooled = math.sqrt((np.var(held_x, ddof=1) + np.var(held_y, ddof=1)) / 2)
    layer = report["layers"]["1"]
    assert layer["d"] == pytest.approx((np.mean(held_x) - np.mean(held_y)) / pooled, rel=1e-4)
    assert layer["accuracy"] == (sum(v > midpoint for v in held_x) + sum(v < midpoint for v in held_y)) / 12
    assert layer["sign_accuracy"] == (sum(v > 0 for v in held_x) + sum(v < 0 for v in held_y)) / 12
    assert layer["auroc"] == sum(a > b for a in held_x for b in held_y) / 36
    assert layer["gap"] == pytest.approx(np.mean(x) - np.mean(y), rel=1e-4)


def test_likelihoods_equal_the_models_own(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    model, vector = speaking
    ids = [100, 120, 140, 41, 42]
    with torch.no_grad():
        logs = torch.log_softmax(model.hf(torch.tensor([ids])).logits[0].double(), -1)
    expected = float((logs[2, 41] + logs[3, 42]) / 2)
    assert likelihood.mean_logprob(model, ids, 3) == pytest.approx(expected, abs=1e-5)
    still = likelihood.score_text(model, ids, 3, core.Mixer())
    assert still.nll == pytest.approx(-expected, abs=1e-5)
    assert still.kl == pytest.approx(0.0, abs=1e-6)
    mixer = core.Mixer([core.Channel(vector, scale=2.0, unit="unit", layers=[1, 2])])
    with torch.no_grad(), core.steered(model, mixer):
        pushed = torch.log_softmax(model.hf(torch.tensor([ids])).logits[0].double(), -1)
    kl = (pushed.exp() * (pushed - logs)).sum(-1)[2:4].mean()
    assert likelihood.score_text(model, ids, 3, mixer).kl == pytest.approx(float(kl), abs=1e-5)
    words = ClassContinuations(([100, 120],), [41], [61])
    assert words.propensity(model, mixer) == pytest.approx(
        likelihood.mean_logprob(model, [100, 120, 41], 2, mixer)
        - likelihood.mean_logprob(model, [100, 120, 61], 2, mixer)
    )
    assert ClassContinuations(([100],), [41], [41]).propensity(model, mixer) == 0.0


def test_ordinary_projections_are_those_of_single_tokens(
    speaking: tuple[core.Model, vectors.SteeringVector],
) -> None:
    model, vector = speaking
    ids, start = [100, 120, 140, 41, 42], 2
    found = next(iter(run(_alone(separation.summarize_ordinary_text(model, vector, [(ids, start)])))))
    seen: list[torch.Tensor] = []
    handle = model.layers[2].register_forward_hook(
        lambda _block, _args, out: seen.append((out[0] if isinstance(out, tuple) else out)[0])
    )
    with torch.no_grad():
        model.hf(torch.tensor([ids]))
    handle.remove()
    values = (seen[0][start:] @ vector.directions[2]).numpy()
    assert isinstance(found, End)
    assert found.summary[2] == pytest.approx(metrics.summarize_projections(values), rel=1e-4)


def _alone(work: Any) -> Any:
    """A part of a job as a whole one."""
    return (yield from work)


def test_the_window_brackets_the_dose_that_breaks_the_text() -> None:
    report, _ = green()
    low, high = report["window"]
    collapsed = {row["dose"]: row["collapsed"] for row in report["doses"]}
    for dose, share in collapsed.items():
        if low <= dose <= high:
            assert share < 0.5


def test_the_command_checks_a_model_on_disk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, vector = planted.speaking()
    model.hf.save_pretrained(tmp_path / "planted")
    model.tokenizer.save_pretrained(tmp_path / "planted")
    vector.save(tmp_path / "planted.safetensors")
    words = [
        "check",
        str(tmp_path / "planted.safetensors"),
        "--model",
        str(tmp_path / "planted"),
        "--max-new",
        "2",
    ]
    assert main([*words, "--json", "--layers", "0-2"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["band"] == [0, 1, 2]
    lines = list(render_check_report(report))
    assert lines[0] == f"{report['verdict'].upper()}  planted on planted"
    assert "shared over layers 0-2" in lines[-1]
    assert main([*words, "--layers", "9"]) == 4


def test_a_home_that_cannot_be_written_costs_no_verdict(
    speaking: tuple[core.Model, vectors.SteeringVector], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    samples.put(tmp_path, "file", b"")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    report, _ = checked(*speaking, max_new=2)
    assert report["kept"] is None
    assert report["verdict"]


def test_too_few_pairs_are_refused(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    with pytest.raises(core.SteerError, match="needs ≥ 4 pairs"):
        checked(*speaking, pairs=planted.pairs(3))
    assert measured.measurement_path("ab", "cd/..").name == "ab-cd.json"


def test_pairs_are_found_by_name_and_known_when_they_are_the_vectors_own(tmp_path: Path) -> None:
    lines = [{"positive": f"yes {i}", "negative": f"no {i}"} for i in range(6)]
    path = samples.put(tmp_path, "own.jsonl", "\n".join(map(json.dumps, lines)).encode())
    model = planted.speaking()[0]
    vector = planted.vector(planted.direction())
    pairs, in_sample = find_pairs(model, vector, vectors.contrast(str(path)))
    assert pairs is not None
    assert [pair.positive for pair in pairs] == [line["positive"] for line in lines]
    assert not in_sample
    made_from_it = planted.vector(planted.direction(), dataset_sha256=vectors.contrast(path).sha256)
    assert find_pairs(model, made_from_it, vectors.contrast(str(path)))[1]
    assert find_pairs(model, vector, None) == (None, False)
    file = tmp_path / "planted.safetensors"
    vector.save(file)
    with pytest.raises(core.SteerError, match="no contrast set 'nothing'"):
        check_job(model, {"vector": str(file), "contrast": "nothing"})


def test_own_pairs_are_told_as_such(speaking: tuple[core.Model, vectors.SteeringVector]) -> None:
    report, _ = checked(*speaking, pairs=planted.pairs(), in_sample=True, max_new=2)
    assert report["in_sample"]
    assert "no hold-out" in report["reasons"][-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "verdict"), [("determined-drifting", "green"), ("pirate", "green"), ("random", "red")]
)
def test_the_demo_models_own_vectors(name: str, verdict: str, tmp_path: Path) -> None:
    model = core.load("demo-base")
    chance = torch.Generator().manual_seed(5)
    rows = {layer: torch.randn(model.hidden_size, generator=chance) for layer in range(model.n_layers)}
    random = vectors.SteeringVector(rows, about=About(name="random", contrast="pirate"))
    random.save(tmp_path / "random.safetensors")
    vector = str(tmp_path / "random.safetensors") if name == "random" else name
    *_, end = run(check_job(model, {"vector": vector}))
    assert isinstance(end, End)
    assert end.summary["verdict"] == verdict, end.summary["reasons"]
