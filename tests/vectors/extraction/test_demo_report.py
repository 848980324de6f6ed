"""The demo's own report, written when its models were trained, taken again by the tools that users have.

`core/demo/weights/report.json` states held-out d of determined against drifting system prompts, the cosines of what
tuning did to activations with that direction, and how far the weights changed along it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import core
import vectors
from core import demo
from core.activations.capture import capture
from core.demo.world import pairs
from core.demo.world.prompts import task_requests
from core.demo.world.traits import DETERMINED, DRIFTING, Traits
from core.jobs.job import End
from core.jobs.runner import run
from tools.demo.acceptance import dose, prompt_sets, tuning
from tools.demo.acceptance import measure as report_of_demo
from tools.demo.wording import class_token_ids, trait_widths
from vectors.contrasts.catalogue import contrast
from vectors.data.metadata import About
from vectors.diff.alignment import align_vectors
from vectors.diff.job import diff_job as diff
from vectors.extraction.layer_quality import Labels, LayerFinding, measure_layer
from vectors.texts.pair import ContrastSet, Split

REPORT: dict[str, Any] = json.loads((demo.WEIGHTS / "report.json").read_text())["figures"]


@pytest.fixture(scope="module")
def base() -> core.Model:
    return core.load("demo-base")


@pytest.fixture(scope="module")
def system(base: core.Model) -> vectors.SteeringVector:
    """The direction that the report compares with."""
    found, _ = report_of_demo.system_prompt_vector(base)
    return vectors.SteeringVector(found.directions)


def states(base: core.Model, count: int, seed: int, *, held_out: bool) -> list[dict[int, torch.Tensor]]:
    """The report's own pairs: positive states, negative states."""
    found = pairs.system_prompt_pairs(
        "motivation", Traits(DETERMINED), [Traits(DRIFTING)], count, seed, held_out=held_out
    )
    return [capture(base, half).rows for half in class_token_ids(base, found)]


def test_held_out_d_of_every_layer(base: core.Model) -> None:
    fit, test = (
        states(base, report_of_demo.PAIRS, 21, held_out=False),
        states(base, report_of_demo.HELD_OUT, 22, held_out=True),
    )
    train = report_of_demo.PAIRS
    parts = Split(tuple(range(train)), tuple(range(train, train + report_of_demo.HELD_OUT)))
    for layer, stated in REPORT["system"]["d"].items():
        at = int(layer)
        both = [torch.cat([one[at], two[at]]).numpy() for one, two in zip(fit, test, strict=True)]
        found = measure_layer(both[0], both[1], parts, "mean", Labels(), 0)
        assert found is not None
        assert found.metrics["d"] == pytest.approx(stated, rel=0.02)


def test_determined_against_drifting(base: core.Model) -> None:
    """Our own set at the last token: told apart by every text from layer 4 on, d near 10 at its best."""
    found = vectors.extract(base, contrast("determined-drifting"), suggest=False)
    assert all(found.metrics[layer]["accuracy"] == 1.0 for layer in range(4, base.n_layers))
    assert all(found.metrics[layer]["d"] > 3.5 for layer in range(3, base.n_layers))
    assert found.best_layer is not None
    highest = max(found.metrics.values(), key=lambda row: row["d"])
    assert highest["d"] == pytest.approx(max(REPORT["system"]["d"].values()), rel=0.15)
    assert highest["d_ci"][0] > 8
    assert highest["n_holdout"] == 80
    best = found.metrics[found.best_layer]
    assert best["d_ci"][1] >= highest["d_ci"][0], "no worse within the intervals, and nearer to the middle"


def narrated(base: core.Model, count: int, seed: int, *, held_out: bool) -> list[dict[int, torch.Tensor]]:
    """The report's stories, each read as the mean over the sentences behind its opening."""
    found = pairs.story_pairs(count, seed, held_out=held_out)
    return [
        capture(base, half, read=[slice(-width, None) for width in behind]).rows
        for half, behind in zip(class_token_ids(base, found), trait_widths(base, found), strict=True)
    ]


@pytest.fixture(scope="module")
def narrative(base: core.Model) -> LayerFinding:
    """The layer of the report's dose–response, made and judged by the extraction's own steps."""
    fit, test = (
        narrated(base, dose.PAIRS, 11, held_out=False),
        narrated(base, dose.HELD_OUT, 12, held_out=True),
    )
    at, train = REPORT["dose"]["layer"], dose.PAIRS
    parts = Split(tuple(range(train)), tuple(range(train, train + dose.HELD_OUT)))
    both = [torch.cat([one[at], two[at]]).numpy() for one, two in zip(fit, test, strict=True)]
    found = measure_layer(both[0], both[1], parts, "mean", Labels(), 0)
    assert found is not None
    return found


def test_narratives_are_told_apart_as_stated(narrative: LayerFinding) -> None:
    stated = REPORT["dose"]
    assert narrative.metrics["d"] == pytest.approx(stated["d"], rel=0.02)
    assert narrative.metrics["accuracy"] == stated["accuracy"] == 1.0


@pytest.mark.slow
def test_and_move_the_model_as_stated(base: core.Model, narrative: LayerFinding) -> None:
    """Determined share at −1, 0 and +1 gaps, with the vector and the gap that the extraction stores."""
    layer = REPORT["dose"]["layer"]
    about = About(stats={layer: narrative.stats})
    vector, stories = (
        vectors.SteeringVector({layer: narrative.raw}, about=about),
        prompt_sets.story_prompts(base, dose.COUNT),
    )
    for gaps, share in REPORT["dose"]["determined"].items():
        channel = core.Channel(vector, scale=float(gaps), unit="natural", layers=(layer,))
        told = stories.figures(base, channel)
        assert told.determined == pytest.approx(share, abs=0.03)
        assert told.well_formed > 0.98


def test_what_random_directions_reach_is_of_the_size_stated(base: core.Model, system: Any) -> None:
    """One in twenty passes 1.96/√d; ours draws the line at 3/√d."""
    band = align_vectors(system, system).band
    assert REPORT["shift"]["random_p95"] == pytest.approx(1.96 / base.hidden_size**0.5, rel=0.05)
    assert band > REPORT["shift"]["random_p95"]


def test_what_tuning_did_to_activations(base: core.Model, system: vectors.SteeringVector) -> None:
    """The cosines as stated; ours count a prompt that repeats once."""
    asked = [[{"role": "user", "content": text}] for _, text in task_requests(tuning.COUNT, seed=1)]
    shift = vectors.extract(
        base, ContrastSet("requests", prompts=tuple(asked)), tuned=core.load("demo-instruct"), suggest=False
    )
    found = align_vectors(shift.vector, system, shift.n_effective).to_json()
    assert found["layers"] == pytest.approx(REPORT["shift"]["cosine"], abs=0.05)
    assert found["verdict"] == "moderate"
    assert found["random_band"] == pytest.approx(3 / base.hidden_size**0.5)


def test_what_tuning_did_to_weights(system: vectors.SteeringVector, tmp_path: Path) -> None:
    system.save(tmp_path / "system.safetensors")
    asked = {"base": "demo-base", "tuned": "demo-instruct", "vector": str(tmp_path / "system.safetensors")}
    end = list(run(diff(asked | {"exact": True})))[-1]
    assert isinstance(end, End)
    for writer, layers in REPORT["weights"].items():
        for layer, stated in layers.items() if writer != "random" else ():
            found = end.summary["modules"][f"model.layers.{layer}.{writer}.weight"]
            assert found["cosines"]["top1"] == pytest.approx(stated["top1"], abs=5e-3)
            assert found["cosines"]["topk"] == pytest.approx(stated["top5"], abs=5e-3)
            assert found["share_top1"] == pytest.approx(stated["share1"], abs=5e-3)
