"""Slopes, ranks and residuals by hand, as planted, and of nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from core.jobs.job import JobEvent, Point
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.sweep.steerability import (
    Steerability,
    residual_share,
    response_slope,
    shared_ranks,
    spearman_rho,
)
from tests.sessions.experiments import running
from tests.sessions.experiments.scripted import ScriptedVoice, dose
from tests.sessions.experiments.test_calibration import RUNS, never_too_small, uniform

DOSES = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)


def test_by_hand() -> None:
    line = {x: 2 * x + 1 for x in DOSES}
    bent = {x: x**3 for x in DOSES}
    assert (response_slope(line), spearman_rho(line), residual_share(line)) == pytest.approx((2, 1, 0))
    assert spearman_rho(bent) == pytest.approx(1), "more does more, though not along a line"
    assert residual_share(bent) == pytest.approx(1 - np.corrcoef(DOSES, [x**3 for x in DOSES])[0, 1] ** 2)
    assert (
        response_slope({x: -y for x, y in line.items()}),
        spearman_rho({x: -y for x, y in line.items()}),
    ) == (-2, -1)


def test_where_nothing_changes_there_is_no_slope_and_no_order_and_nothing_is_left_over() -> None:
    flat = dict.fromkeys(DOSES, 0.1)
    assert (response_slope(flat), spearman_rho(flat), residual_share(flat)) == (0, 0, None)
    assert (response_slope({1.0: 2.0}), spearman_rho({1.0: 2.0, 2.0: 3.0}), residual_share({})) == (
        None,
        None,
        None,
    )


def test_ranks_and_rho_are_those_of_scipy_with_ties() -> None:
    chance = np.random.default_rng(0)
    for _ in range(50):
        values = chance.integers(0, 4, len(DOSES)).astype(float).tolist()
        assert shared_ranks(values).tolist() == stats.rankdata(values).tolist()
        if len(set(values)) > 1:
            found = spearman_rho(dict(zip(DOSES, values, strict=True)))
            assert found == pytest.approx(stats.spearmanr(DOSES, values).statistic)


def test_doses_that_do_nothing_leave_what_a_line_does_not_explain_by_chance() -> None:
    chance = np.random.default_rng(1)
    drawn = [dict(zip(DOSES, chance.normal(size=len(DOSES)), strict=True)) for _ in range(2000)]
    assert np.mean([residual_share(one) for one in drawn]) == pytest.approx(
        1 - 1 / (len(DOSES) - 1), abs=0.01
    )


def test_p_of_slopes_and_of_ranks_is_uniform_where_doses_do_nothing() -> None:
    chance, slopes, orders = np.random.default_rng(2), [], []
    for run in range(RUNS):
        drawn = chance.normal(size=(16, len(DOSES)))
        told = Steerability.from_responses(
            [dict(zip(DOSES, row.tolist(), strict=True)) for row in drawn], run
        ).to_json()
        slopes.append(told["p"])
        orders.append(told["p_spearman"])
    assert uniform(slopes)
    assert uniform(orders)
    assert never_too_small(orders)


def contrary(prompt: SamplePrompt, mixer: Mixer) -> str:
    """Two of six prompts go the other way."""
    turned = -1 if prompt.id in ("english-2", "english-5") else 1
    tasks = int(10 + turned * 4 * dose(mixer))
    return " ".join(["task"] * tasks + ["other"] * (24 - tasks))


def prefers(mixer: Mixer, pair: int) -> float:
    """Of sixteen pairs every fourth goes the other way; what a random direction does is none of theirs."""
    return dose(mixer) * (-1 if pair % 4 == 0 else 1) + pair / 10


def swept(**more: Any) -> list[JobEvent]:
    voice = ScriptedVoice(contrary, prefers=prefers)
    asked = {
        "vector": "scripted",
        "prompts": "english",
        "n": 6,
        "measure": "words:task",
        "contrast": "pirate",
    }
    return running.events("sweep", voice, {**asked, **more})


def table(found: list[JobEvent]) -> dict[str, dict[str, Any]]:
    return running.table(dict(found[-1].summary), "steerability")  # type: ignore[attr-defined]


def test_prompts_and_pairs_that_go_the_other_way_are_counted() -> None:
    rows = table(swept())
    by_words, by_pairs = rows["words:task, vector"], rows["propensity, vector"]
    assert by_words["n"] == 6
    assert by_words["anti-steerable"] == pytest.approx(2 / 6)
    assert by_words["anti-steerable_lo"] < 2 / 6 < by_words["anti-steerable_hi"]
    assert by_words["spearman"] == pytest.approx((4 - 2) / 6)
    assert by_words["residual"] == pytest.approx(0, abs=1e-9)
    assert by_pairs["n"] == 16
    assert by_pairs["anti-steerable"] == 0.25
    assert by_pairs["slope"] == pytest.approx(0.5)
    assert by_pairs["slope_lo"] < 0.5 < by_pairs["slope_hi"]


def test_a_random_direction_stands_beside_them_and_steers_nothing() -> None:
    rows = table(swept(controls=2))
    for key in ("words:task, random", "propensity, random", "propensity, random 2"):
        row = rows[key]
        assert (row["slope"], row["spearman"], row["anti-steerable"], row["p"]) == (0, 0, 0, 1)
        assert row["p_holm"] is None
    assert rows["propensity, vector"]["p_holm"] >= rows["propensity, vector"]["p"]


def test_the_slopes_of_all_pairs_are_drawn_in_order() -> None:
    points = [e for e in swept() if isinstance(e, Point) and e.series == "slope per pair, vector"]
    assert [point.y for point in points] == pytest.approx([-1.0] * 4 + [1.0] * 12)
    assert [point.x for point in points] == pytest.approx([k / 16 for k in range(1, 17)])
