"""Whole extractions on models whose truth is known: planted, null, and against a loop written independently."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch

import core
import vectors
from core.activations.capture import capture
from core.errors import BadInput, UsageError
from tests.core import zoo
from tests.vectors import planted
from vectors.extraction.layer_quality import Labels, measure_layer
from vectors.methods.registry import METHODS
from vectors.texts.pair import ContrastPair, ContrastSet, split_pairs

PAIRS = 100


@pytest.fixture(scope="module")
def speaking() -> core.Model:
    return planted.speaking()[0]


@pytest.fixture(scope="module")
def plain() -> core.Model:
    return core.adopt(zoo.build("llama"), zoo.tokenizer(), name="plain")


def random_pairs(count: int, seed: int = 1) -> list[tuple[list[int], list[int]]]:
    """Texts of many lengths that have nothing to do with the sides they are on."""
    chance = np.random.default_rng(seed)
    rows = [chance.integers(100, 290, size=chance.integers(3, 30)).tolist() for _ in range(2 * count)]
    return list(zip(rows[::2], rows[1::2], strict=True))


@pytest.mark.parametrize("method", sorted(set(METHODS) - {"pca-diff"}))
def test_a_planted_direction_is_recovered(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written well above what else tells 2 × 20 random tokens apart, and changed by no block on its way."""
    monkeypatch.setattr(planted, "WRITTEN", 12.0)
    model, _ = planted.mute()
    found = vectors.extract(model, planted.pairs(PAIRS), method, suggest=False, layers=(0, 1))
    for layer in (0, 1):
        assert float(found.vector.directions[layer] @ planted.direction()) > 0.95
        assert found.metrics[layer]["d"] > 3
        assert found.metrics[layer]["accuracy"] > 0.9
        assert found.metrics[layer]["p_holm"] < 0.01
        assert found.metrics[layer]["n_holdout"] == 40


def test_the_metrics_are_those_of_the_contract(speaking: core.Model) -> None:
    found = vectors.extract(speaking, planted.pairs(PAIRS), suggest=False)
    promised = {"d", "d_ci", "accuracy", "accuracy_ci", "auroc", "sign_accuracy", "n_holdout", "norm"}
    assert set(found.metrics) == set(range(speaking.n_layers))
    for layer, row in found.metrics.items():
        assert promised <= set(row)
        assert row["d_ci"][0] <= row["d"] <= row["d_ci"][1]
        assert row["norm"] == pytest.approx(found.vector.norms[layer], rel=1e-6)
    assert found.best_layer in found.metrics
    assert found.vector.about.stats[0]["positive"]["mean"] > found.vector.about.stats[0]["midpoint"]
    assert found.vector.act_norms == speaking.residual_norms
    assert found.vector.percentile(0, 50) == pytest.approx(found.vector.about.stats[0]["positive"]["p50"])


def test_pca_diff_misses_a_constant_gap_and_finds_one_that_varies(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a model, as on arrays: what all pairs share is the mean that this method takes away."""
    monkeypatch.setattr(planted, "WRITTEN", 12.0)
    for varying, recovered in ((0.0, False), (0.9, True)):
        model, _ = planted.mute(varying)
        found = vectors.extract(model, planted.pairs(PAIRS), "pca-diff", suggest=False, layers=(0, 1))
        for layer in (0, 1):
            cosine = float(found.vector.directions[layer] @ planted.direction())
            assert (cosine > 0.95) if recovered else (abs(cosine) < 0.5)


RUNS, EACH = 40, 50


@pytest.fixture(scope="module")
def unrelated(plain: core.Model) -> torch.Tensor:
    """States of texts that have nothing to do with the sides they are on."""
    texts = [list(side) for pair in random_pairs(RUNS * EACH) for side in pair]
    return capture(plain, texts, layers=[1]).rows[1]


@pytest.mark.parametrize("method", METHODS)
def test_nothing_comes_out_of_nothing(method: str, unrelated: torch.Tensor) -> None:
    """Many sets drawn at random: p is uniform, d surrounds 0, half of the pairs are told apart."""
    rows = []
    for run in range(RUNS):
        part = unrelated[2 * EACH * run : 2 * EACH * (run + 1)].numpy()
        parts = split_pairs([str(n) for n in range(EACH)], 0.2, run)
        found = measure_layer(part[0::2], part[1::2], parts, method, Labels(), run)
        assert found is not None
        rows.append(found.metrics)
    p = np.sort([row["p"] for row in rows])
    assert np.abs(p - (np.arange(RUNS) + 0.5) / RUNS).max() < 0.26  # Kolmogorov, 99 %
    assert abs(np.mean([row["d"] for row in rows])) < 0.3
    covered = [row["accuracy_ci"][0] <= 0.5 <= row["accuracy_ci"][1] for row in rows]
    assert np.mean(covered) >= 0.85
    assert np.mean([row["auroc"] for row in rows]) == pytest.approx(0.5, abs=0.06)


def one_by_one(model: core.Model, ids: list[list[int]]) -> torch.Tensor:
    """[texts, layers, d] from hidden_states, whose last entry stands behind the final norm."""
    with torch.no_grad():
        states = [model.hf(torch.tensor([row]), output_hidden_states=True).hidden_states[1:] for row in ids]
    return torch.stack([torch.stack([layer[0, -1] for layer in text]) for text in states])


@pytest.mark.parametrize("method", ["mean", "pca-centered"])
def test_equal_to_a_naive_loop_on_all_layers_but_the_last(plain: core.Model, method: str) -> None:
    pairs = random_pairs(30)
    found = vectors.extract(plain, pairs, method, holdout=0.0, suggest=False)
    positive, negative = (one_by_one(plain, [pair[side] for pair in pairs]).double() for side in (0, 1))
    for layer in range(plain.n_layers):
        differences = positive[:, layer] - negative[:, layer]
        naive = differences.mean(0) if method == "mean" else torch.linalg.svd(differences)[2][0]
        cosine = abs(float(naive @ found.vector.directions[layer].double() / naive.norm()))
        if layer < plain.n_layers - 1:
            assert cosine == pytest.approx(1.0, abs=1e-6)
            if method == "mean":
                assert found.vector.norms[layer] == pytest.approx(float(naive.norm()), rel=1e-5)
        else:
            assert cosine < 0.9999, "hidden_states end behind the final norm; block outputs do not"


def raw(found: vectors.SteeringVector, layer: int) -> torch.Tensor:
    return found.directions[layer] * found.norms[layer]


def test_batches_change_nothing_that_matters(plain: core.Model) -> None:
    pairs = random_pairs(20)
    one = vectors.extract(plain, pairs, suggest=False, batch_tokens=1).vector
    for budget in (64, 4096):
        other = vectors.extract(plain, pairs, suggest=False, batch_tokens=budget).vector
        for layer in one.layers:
            apart = float((raw(one, layer) - raw(other, layer)).norm())
            assert apart < 1e-5 * plain.residual_norms[layer]


def test_padding_changes_nothing(plain: core.Model) -> None:
    pairs = random_pairs(20)
    alone = vectors.extract(plain, pairs, holdout=0.0, suggest=False, batch_tokens=1).vector
    positive, negative = (
        capture(plain, [pair[side] for pair in pairs], batch_tokens=4096).rows for side in (0, 1)
    )
    for layer in alone.layers:
        padded = positive[layer].mean(0) - negative[layer].mean(0)
        assert float((raw(alone, layer) - padded).norm()) < 1e-5 * plain.residual_norms[layer]


def test_bfloat16_agrees_with_itself_across_batches() -> None:
    model = core.adopt(zoo.build("qwen2", dtype=torch.bfloat16), zoo.tokenizer(), name="half")
    pairs = random_pairs(20)
    one, other = (
        vectors.extract(model, pairs, suggest=False, batch_tokens=budget).vector for budget in (1, 2048)
    )
    for layer in one.layers:
        assert float(one.directions[layer] @ other.directions[layer]) >= 0.999
    positive, negative = (
        capture(model, [pair[side] for pair in pairs], batch_tokens=4096).rows for side in (0, 1)
    )
    train = list(split_pairs([ContrastPair(*both).key for both in pairs], 0.2, 0).train)
    for layer in one.layers:
        padded = positive[layer][train].mean(0) - negative[layer][train].mean(0)
        assert float(one.directions[layer] @ padded / padded.norm()) >= 0.999


def with_bias(hf: Any, layer: int, bias: torch.Tensor) -> Any:
    """The same model whose block adds a constant to its output."""
    tuned = copy.deepcopy(hf)
    block = tuned.model.layers[layer].mlp.down_proj
    block.bias = torch.nn.Parameter(bias)
    return tuned


def test_two_models_give_the_bias_that_separates_them() -> None:
    hf, bias = zoo.build("llama"), 3.0 * planted.direction()
    tuned = core.adopt(with_bias(hf, 1, bias), zoo.tokenizer(), name="tuned")
    base = core.adopt(hf, zoo.tokenizer(), name="base")
    pairs = random_pairs(20)
    found = vectors.extract(base, pairs, tuned=tuned, suggest=False)
    assert found.vector.layers[0] == 1
    assert found.warnings == ("layers 0 are the same on both sides and were left out",)
    assert torch.allclose(raw(found.vector, 1), bias, atol=1e-5)
    assert found.n_effective == 40
    back = vectors.extract(tuned, pairs, tuned=base, suggest=False)
    for layer in found.vector.layers:
        assert float(back.vector.directions[layer] @ found.vector.directions[layer]) == pytest.approx(-1.0)


def test_models_that_cannot_be_compared_are_refused() -> None:
    base = core.adopt(zoo.build("llama"), zoo.tokenizer(), name="base")
    config = zoo.ARCHITECTURES["llama"]()
    config.num_hidden_layers = 2
    small = core.adopt(type(base.hf)(config), zoo.tokenizer(), name="small")
    with pytest.raises(UsageError, match="they cannot be subtracted"):
        vectors.extract(base, random_pairs(4), tuned=small)
    with pytest.raises(BadInput, match="needs ≥ 2 different texts"):
        vectors.extract(base, ContrastSet("none"), tuned=small)


def test_the_same_text_twice_is_counted_once(plain: core.Model) -> None:
    pairs = random_pairs(10) * 10
    found = vectors.extract(plain, pairs, suggest=False, layers=(0,))
    assert found.n_effective == 10
    assert "100 pairs, but only 10 different ones" in found.warnings
    assert found.metrics[0]["n_holdout"] == 40


def test_too_few_pairs_have_no_quality(plain: core.Model) -> None:
    found = vectors.extract(plain, random_pairs(4), suggest=False, layers=(0,))
    assert found.metrics[0]["d"] is None
    assert found.metrics[0]["n_holdout"] == 0
    assert found.best_layer is None
    assert any("too few for a hold-out" in warning for warning in found.warnings)


def test_pca_diff_says_what_it_takes_away(plain: core.Model) -> None:
    found = vectors.extract(plain, random_pairs(20), "pca-diff", suggest=False, layers=(0,))
    assert any("removes the mean difference" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        ({"method": "umap"}, "no method 'umap'"),
        ({"read": "first"}, "no read 'first'"),
        ({"read": "span:x"}, "span needs two token numbers"),
        ({"read": "last:3"}, "last takes no argument"),
        ({"holdout": 1.0}, "holdout is a share"),
        ({"rule": "luck"}, "no rule 'luck'"),
        ({"layers": (7,)}, "layer 7, model has 4"),
    ],
)
def test_wrong_choices_are_sentences(plain: core.Model, choices: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        vectors.extract(plain, random_pairs(5), **({"suggest": False} | choices))


def test_sides_that_agree_where_they_are_read_are_refused(plain: core.Model) -> None:
    pairs = [ContrastPair([5, 6, 7 + n], [5, 6, 50 + n]) for n in range(8)]
    with pytest.raises(BadInput, match="both sides have the same state"):
        vectors.extract(plain, pairs, read="span:0:2", suggest=False)


def test_a_dose_that_moves_is_suggested_and_one_that_does_not_is_doubted() -> None:
    model, _ = planted.speaking()
    found = vectors.extract(model, planted.pairs(40))
    assert found.dose is not None
    assert found.dose["steers"]
    assert found.vector.suggestion is not None
    assert set(found.vector.suggestion) >= {"layers", "unit", "scale", "split"}
    mute, _ = planted.mute()
    silent = vectors.extract(mute, planted.pairs(40))
    assert silent.metrics[0]["d"] > 3, "it separates"
    assert silent.dose is not None
    assert not silent.dose["steers"], "and moves nothing"
    assert any("on no tried band does it affect the model" in warning for warning in silent.warnings)
