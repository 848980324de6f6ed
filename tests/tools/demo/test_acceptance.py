"""The promised figures, measured again on the shipped weights over seeded, held-out prompts."""

import json
import math

import pytest
import torch

from core import demo
from tools.demo import directions, verdicts
from tools.demo.acceptance.measure import measure_acceptance
from tools.demo.figures import compute_figures, object_binding


@pytest.fixture(scope="module")
def report(base, tuned):
    shipped = json.loads((demo.WEIGHTS / "report.json").read_text())
    return measure_acceptance(base, tuned, layer=shipped["figures"]["dose"]["layer"])


@pytest.mark.parametrize("promise", verdicts.PROMISES, ids=lambda promise: promise.name)
def test_promise(report, promise):
    assert promise.holds(report), promise.figure(report)


def test_the_sample_is_as_large_as_promised(report):
    assert report["dose"]["n"] >= 200
    assert report["flip"]["n"] == 24


def test_nulls_stand_beside_the_alignments(report):
    """The random figures are those of unit vectors in 96 dimensions."""
    assert report["shift"]["random_p95"] == pytest.approx(1.96 / math.sqrt(96), rel=0.1)
    assert report["weights"]["random"]["top5_p95"] > report["weights"]["random"]["top1_p95"]


def test_perplexity_is_reported(report):
    assert 1 < report["quality"]["perplexity"] < 10


def test_figures_of_planted_texts():
    good = "I never leave the cache half done. Shall I trace the cache again?"
    turned = "I never leave the cache half done. Arr, my mind has wandered off to the kite."
    salad = "Up on on on the final mile. The the parser."
    found = compute_figures([good, turned, salad])
    assert (found.texts, found.sentences) == (3, 6)
    assert found.determined == pytest.approx(3 / 4)
    assert found.well_formed == pytest.approx(4 / 6)
    assert found.question == pytest.approx(1 / 6)
    assert found.pirate == pytest.approx(1 / 6)
    assert found.pure == pytest.approx(2 / 3)
    assert found.one_voice == pytest.approx(2 / 3)


def test_nothing_said_is_no_success():
    empty = compute_figures(["", "no end"])
    assert (empty.well_formed, empty.determined, empty.pure) == (0, 0, 0)


def test_binding_counts_foreign_objects_against_a_text():
    texts = ["The parser is next.", "The parser and the mural.", "Nothing named."]
    assert object_binding(texts, ["parser"] * 3) == pytest.approx(1 / 2)


def reads(shift: float, seed: int):
    """Two layers of Gaussian rows; only layer 1 is shifted along its first axis."""
    drawn = torch.randn(2, 400, 8, generator=torch.Generator().manual_seed(seed))
    drawn[1, :, 0] += shift
    return dict(enumerate(drawn))


def test_a_planted_difference_is_found_and_a_null_is_not():
    planted = directions.mean_difference("planted", reads(4.0, 1), reads(0.0, 2))
    assert planted.directions[1][0] > 0.99
    assert planted.norms[1] == pytest.approx(planted.class_gaps[1], rel=1e-5)
    held_out = directions.held_out_separation(planted, reads(4.0, 3), reads(0.0, 4))
    assert held_out[1]["d"] == pytest.approx(4.0, abs=0.4)
    assert held_out[1]["accuracy"] == pytest.approx(0.977, abs=0.02)
    assert abs(held_out[0]["d"]) < 0.3
    assert held_out[0]["accuracy"] == pytest.approx(0.5, abs=0.06)


def test_a_random_control_has_the_same_sizes_and_another_way():
    planted = directions.mean_difference("planted", reads(4.0, 1), reads(0.0, 2))
    control = directions.random_like(planted, 3)
    assert control.class_gaps == planted.class_gaps
    assert all(abs(row.norm() - 1) < 1e-6 for row in control.directions.values())
    assert abs(control.directions[1] @ planted.directions[1]) < 0.9


def test_a_broken_promise_is_named(report):
    spoilt = report | {"quality": report["quality"] | {"object_binding": 0.5}}
    assert verdicts.broken_promises(report) == []
    assert verdicts.broken_promises(spoilt) == ["object binding: 0.500"]
