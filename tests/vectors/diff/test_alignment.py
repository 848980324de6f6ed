"""The verdict on two vectors, and the demo models' own report, taken by other code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import core
import vectors
from steertui.cli.main import main
from tests.vectors import planted
from tests.vectors.diff.checkpoints import WIDTH, unit
from tools.demo.acceptance import measure as report_of_demo
from tools.demo.acceptance import tuning
from vectors.diff.alignment import align_vectors, alignment_verdict
from vectors.statistics.random_directions import random_pairs


def test_the_demo_as_its_report_has_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same figures from a full SVD of the loaded models, by the code that wrote the demo's report."""
    base, tuned = core.load("demo-base"), core.load("demo-instruct")
    system, _ = report_of_demo.system_prompt_vector(base)
    file = tmp_path / "system.safetensors"
    vectors.SteeringVector(system.directions).save(file)
    assert main(["diff", "demo-base", "demo-instruct", "--vector", str(file), "--exact", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"modules", "layers", "peak_anon", "bytes_read"} <= set(found)
    for writer, layers in tuning.weight_shift(base, tuned, system).items():
        for layer, row in layers.items() if writer != "random" else ():
            ours = found["modules"][f"model.layers.{layer}.{writer}.weight"]
            assert ours["cosines"]["top1"] == pytest.approx(row["top1"], abs=2e-3)
            assert ours["cosines"]["topk"] == pytest.approx(row["top5"], abs=2e-3)
            assert ours["share_top1"] == pytest.approx(row["share1"], abs=1e-3)
    out = tmp_path / "o.safetensors"
    words = ["diff", "demo-base", "demo-instruct", "--vector", str(file), "--module", "o_proj"]
    plot = tmp_path / "o.png"
    assert main([*words, "--out", str(out), "--inputs", "refusal", "--plot", str(plot)]) == 0
    shown = capsys.readouterr().out
    assert "random vectors: cosine 0.102, of k 0.228, energy 0.01" in shown
    assert "relative change  max" in shown, "the curves by layer"
    assert "on these texts model.layers." in shown
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert vectors.read(out).layers == tuple(range(10))
    assert main(["diff", "demo-base", "demo-instruct", "--out", str(out)]) == 2


def test_verdict_lines() -> None:
    assert alignment_verdict(0.71, 0.1) == "strong"
    assert alignment_verdict(-0.5, 0.1) == "moderate, opposite"
    assert alignment_verdict(0.29, 0.1) == "weak"
    assert alignment_verdict(0.25, 0.3) == "no more than random"
    one = planted.vector(unit(WIDTH, 1))
    same = align_vectors(one, one)
    assert same.mean == pytest.approx(1.0)
    assert same.to_json()["distances"]["0"] == pytest.approx(0.0, abs=1e-3)
    chance = [align_vectors(one, planted.vector(unit(WIDTH, 50 + n))) for n in range(200)]
    assert sum(abs(found.layers[0]) <= found.band for found in chance) >= 196
    assert sum(found.to_json()["distances"]["0"] for found in chance) / 200 == pytest.approx(2**0.5, abs=0.03)


def test_random_pairs_are_the_null_of_an_alignment() -> None:
    chance, drawn = random_pairs(WIDTH), random_pairs(WIDTH).to_json()
    assert drawn["pairs"] == 10_000
    assert drawn["mean"] == pytest.approx(0, abs=4 / WIDTH**0.5 / 100)
    assert drawn["std"] == pytest.approx(WIDTH**-0.5, rel=0.03)
    assert drawn["band"] == pytest.approx(3 * WIDTH**-0.5, rel=0.1)
    assert drawn["distance"] == pytest.approx(2**0.5, abs=0.01)
    assert chance.p(1.0) == pytest.approx(1 / 10_001)
    assert chance.p(0.0) == 1.0
    assert abs(random_pairs(1).cosines).min() == 1.0


def test_a_planted_alignment_is_beyond_chance_and_random_vectors_are_not() -> None:
    one = planted.vector(unit(WIDTH, 1))
    assert align_vectors(one, one).to_json()["p"]["0"] < 2e-4
    others = [align_vectors(one, planted.vector(unit(WIDTH, 50 + n))).to_json() for n in range(200)]
    p = sorted(found["p"]["0"] for found in others)
    assert max(abs(value - (k + 0.5) / 200) for k, value in enumerate(p)) < 1.63 / 200**0.5
