"""The acceptance figures, measured again on the shipped weights over seeded, held-out prompts."""

import json
import math

import pytest
import torch

import vectors
from core import demo
from core.activations.capture import capture
from core.demo.world.pairs import story_pairs
from core.mixer.mixer import Channel, Mixer
from tools.demo import bounds
from tools.demo.acceptance.measure import measure_acceptance
from tools.demo.acceptance.prompt_sets import story_prompts
from tools.demo.continuations import sample_continuations
from tools.demo.directions import ClassRows, class_midpoints, fit_vector, read_classes
from tools.demo.figures import compute_figures, object_binding
from tools.demo.wording import class_token_ids, trait_widths
from vectors.data.metadata import About

pytestmark = pytest.mark.slow  # the shipped weights change only when they are trained again


@pytest.fixture(scope="module")
def report(base, tuned):
    shipped = json.loads((demo.WEIGHTS / "report.json").read_text())
    return measure_acceptance(base, tuned, layer=shipped["figures"]["dose"]["layer"])


@pytest.mark.parametrize("bound", bounds.BOUNDS, ids=lambda bound: bound.name)
def test_bound(report, bound):
    assert bound.holds(report), bound.figure(report)


def test_the_sample_is_as_large_as_required(report):
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


def planted_rows(shift: float, seed: int) -> ClassRows:
    """Two layers of Gaussian rows; only layer 1 of the positive class is shifted along its first axis."""
    chance = torch.Generator().manual_seed(seed)
    positive, negative = torch.randn(2, 400, 8, generator=chance), torch.randn(2, 400, 8, generator=chance)
    positive[1, :, 0] += shift
    return ClassRows(dict(enumerate(positive)), dict(enumerate(negative)))


def test_a_planted_difference_is_found_and_a_null_is_not():
    vector, quality = fit_vector(About(name="planted"), planted_rows(4.0, 1), planted_rows(4.0, 3))
    assert vector.directions[1][0] > 0.99
    assert vector.norms[1] == pytest.approx(vector.gaps[1], rel=1e-5)
    assert class_midpoints(vector)[1] == pytest.approx(2.0, abs=0.2)
    assert quality[1]["d"] == pytest.approx(4.0, abs=0.4)
    assert quality[1]["accuracy"] == pytest.approx(0.977, abs=0.02)
    assert abs(quality[0]["d"]) < 0.3
    assert quality[0]["accuracy"] == pytest.approx(0.5, abs=0.06)


def test_a_layer_without_a_difference_is_left_out():
    same = planted_rows(4.0, 1)
    rows = ClassRows(same.positive, {0: same.positive[0], 1: same.negative[1]})
    vector, quality = fit_vector(About(), rows, rows)
    assert (list(vector.norms), list(quality)) == ([1], [1])


def test_classes_are_read_at_the_token_that_is_asked_for(base):
    """First, last and mean of the part that shows the trait, against every token of it read alone."""
    pairs = story_pairs(2, 1, held_out=False)
    read = {where: read_classes(base, pairs, where) for where in ("first", "mean", "last")}
    ids, width = class_token_ids(base, pairs)[0][0], trait_widths(base, pairs)[0][0]
    whole = torch.stack(
        [capture(base, [ids], read=[at]).rows[3][0] for at in range(len(ids) - width, len(ids))]
    )
    assert torch.allclose(read["first"].positive[3][0], whole[0], atol=1e-2)
    assert torch.allclose(read["last"].positive[3][0], whole[-1], atol=1e-2)
    assert torch.allclose(read["mean"].positive[3][0], whole.mean(0), atol=1e-2)


def test_a_mixer_that_changes_leaves_the_tokens_before_as_they_were(base):
    """The second part is another mixer over the same cache and random numbers."""
    vector = vectors.read("determined-drifting")
    mixer = Mixer((Channel(vector, scale=0.35, unit="natural", layers=(3, 4, 5, 6)),))
    prompts = story_prompts(base, 4).prompts
    once = sample_continuations(base, prompts, [(mixer, 20)], 5, may_end=False)
    parted = sample_continuations(base, prompts, [(mixer, 8), (mixer, 12)], 5, may_end=False)
    flipped = sample_continuations(base, prompts, [(mixer, 8), (mixer.flip(0), 12)], 5, may_end=False)
    assert parted == once
    assert [row[:8] for row in flipped] == [row[:8] for row in once]
    assert flipped != once
    assert {len(row) for row in once} == {20}


def test_an_unmet_bound_is_named(report):
    spoilt = report | {"quality": report["quality"] | {"object_binding": 0.5}}
    assert bounds.unmet_bounds(report) == []
    assert bounds.unmet_bounds(spoilt) == ["object binding: 0.500"]
