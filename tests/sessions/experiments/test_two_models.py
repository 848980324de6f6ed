"""Lobotomy and induction on scripted pairs of models: distances, signs and controls come out as they were put in."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
import pytest

from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.lobotomy.divergence import mean_kl
from tests.sessions.experiments.running import report, table
from tests.sessions.experiments.scripted import ScriptedVoice, dose, vector

ASKED = {"prompts": "english", "n": 5, "measure": "words:plan"}


def pair(pulled: float = 0.4, place: float = 3.0) -> tuple[ScriptedVoice, ScriptedVoice]:
    """Base tosses a fair coin; tuned 9 to 1, and subtracting its tuning moves that back by `pulled` per λ."""
    base = ScriptedVoice(lambda prompt, mixer: "maybe later, who knows", name="base")
    tuned = ScriptedVoice(says, name="tuned", place=place, tokens=0.9, pulled=pulled, others={"base": base})
    return base, tuned


def says(prompt: SamplePrompt, mixer: Mixer) -> str:
    return "maybe later then" if dose(mixer, "tuned − base") < -0.9 else "plan plan and work"


def kl(p: float, q: float) -> float:
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


def test_divergence_by_hand() -> None:
    p, q = np.log([[0.5, 0.5]]), np.log([[0.9, 0.1]])
    assert mean_kl(p, q) == pytest.approx(kl(0.5, 0.9))
    assert mean_kl(p, p) == 0.0


def test_what_is_impossible_for_the_reference_adds_nothing() -> None:
    with np.errstate(divide="ignore"):
        p, q = np.log([[1.0, 0.0]]), np.log([[0.5, 0.5]])
    assert mean_kl(p, q) == pytest.approx(math.log(2))


def test_taking_the_tuning_back_leads_to_base_in_both_forms() -> None:
    _, tuned = pair()
    found = report("lobotomy", tuned, {**ASKED, "base": "base"})
    rows = table(found, "lobotomy")
    assert rows["activation λ=0"]["kl_to_base"] == pytest.approx(kl(0.5, 0.9))
    assert rows["activation λ=0"]["kl_to_tuned"] == pytest.approx(0, abs=1e-12)
    assert rows["activation λ=1"]["kl_to_base"] == pytest.approx(0, abs=1e-9)
    assert rows["activation λ=1"]["kl_to_tuned"] == pytest.approx(kl(0.9, 0.5))
    assert rows["weights λ=1"]["kl_to_base"] == pytest.approx(0, abs=1e-9)
    assert rows["activation λ=0"]["words:plan"] == pytest.approx(50)
    assert rows["activation λ=1"]["words:plan"] == 0
    assert found["summary"]["activation"]["towards_base"] is True
    assert found["summary"]["weights"]["towards_base"] is True


def test_perplexity_under_base_falls_where_the_text_is_what_base_would_say() -> None:
    """Base finds its own words likely (1 nat a token) and a tuned model's not (2 nats)."""
    base, tuned = pair()
    base.nll = lambda text: 1.0 if "maybe" in text else 2.0
    found = report("lobotomy", tuned, {**ASKED, "base": "base"})
    rows = {key: row["perplexity under base"] for key, row in table(found, "lobotomy").items()}
    assert rows["base"] == rows["weights λ=1"] == rows["activation λ=1"] == pytest.approx(math.e)
    assert rows["tuned"] == rows["activation λ=0"] == rows["weights λ=0"] == pytest.approx(math.e**2)
    assert rows["random λ=2"] == rows["shuffled weights λ=2"] == rows["tuned"], "the controls move nothing"
    assert found["summary"]["weights"]["perplexity under base"] == pytest.approx([math.e**2, math.e])
    assert found["control"]["rows"]["random"]["perplexity under base"] == pytest.approx([math.e**2] * 2)


def test_where_nothing_is_said_there_is_no_perplexity() -> None:
    _, tuned = pair()
    tuned.says = lambda prompt, mixer: ""
    rows = table(report("lobotomy", tuned, {**ASKED, "base": "base", "form": "activation"}), "lobotomy")
    assert rows["tuned"]["perplexity under base"] is None
    assert rows["base"]["perplexity under base"] == pytest.approx(math.e)


def test_the_controls_lead_nowhere() -> None:
    found = report("lobotomy", pair()[1], {**ASKED, "base": "base"})
    for form in ("random", "shuffled weights"):
        way = found["control"]["rows"][form]
        assert way["kl_to_base"][0] == pytest.approx(way["kl_to_base"][1])
        assert way["towards_base"] is False


def test_the_sign_is_checked_on_prompts_it_was_not_made_from() -> None:
    found = report("lobotomy", pair()[1], {**ASKED, "base": "base"})
    assert found["summary"]["sign"] == {"points": "base → tuned", "on_unseen_prompts": 1.0, "holds": True}


def test_a_vector_that_leads_away_from_base_is_found_out() -> None:
    """What the recipe with the wrong sign does: subtracting it makes the model more tuned."""
    found = report("lobotomy", pair(pulled=-0.05)[1], {**ASKED, "base": "base", "form": "activation"})
    assert found["summary"]["activation"]["towards_base"] is False
    assert found["summary"]["activation"]["change"]["value"] > 0
    assert "weights" not in found["summary"]


def test_a_model_induced_to_sound_tuned_is_still_measured_by_its_distance() -> None:
    def steered(prompt: SamplePrompt, mixer: Mixer) -> str:
        return "plan plan" if dose(mixer) > 0 else "later"

    tuned = ScriptedVoice(lambda prompt, mixer: "plan plan", name="tuned", tokens=0.9)
    base = ScriptedVoice(steered, name="base", others={"tuned": tuned})
    found = report("induce", base, {**ASKED, "vector": "scripted", "tuned": "tuned"})
    rows = table(found, "induce")
    assert rows["base + v"]["words:plan"] == rows["tuned"]["words:plan"] == 100
    assert rows["base + random"]["words:plan"] == 0
    assert rows["base + v"]["kl_to_tuned"] == pytest.approx(kl(0.9, 0.5))
    assert found["summary"]["nearer_to_tuned"] is False


def test_the_same_model_is_at_distance_0_of_itself() -> None:
    base = ScriptedVoice(lambda prompt, mixer: "plan", name="base")
    base.others = {"tuned": ScriptedVoice(base.says, name="tuned")}
    found = report("induce", base, {**ASKED, "vector": "scripted", "tuned": "tuned"})
    assert {row["kl_to_tuned"] for row in table(found, "induce").values()} == {0.0}


def test_where_a_vector_carries_and_where_it_does_not() -> None:
    def plans(prompt: SamplePrompt, mixer: Mixer) -> str:
        return " ".join(["plan"] * int(2 + dose(mixer)) + ["other"] * int(2 - dose(mixer)))

    here = ScriptedVoice(plans, name="here")
    here.others = {"there": ScriptedVoice(lambda prompt, mixer: "plan other", name="there")}
    found = report("transfer", here, {**ASKED, "n": 8, "vectors": "scripted", "models": "there"})
    cells: dict[str, Any] = found["summary"]["cells"]
    assert found["summary"]["carries"] == {"scripted on here": True, "scripted on there": False}
    assert cells["scripted on here"]["+s minus −s"] == pytest.approx(50)
    assert cells["scripted on there"]["+s minus −s"] == 0
    assert found["control"]["differences"]["scripted on here"]["difference"] == 0


def both_ways(moved: frozenset[str], seed: int) -> dict[str, Any]:
    """Twelve vectors on one model, of which `moved` act and the others add noise; the cells of the report."""
    names = [f"v{number}" for number in range(12)]

    def says(prompt: SamplePrompt, mixer: Mixer) -> str:
        chance = np.random.default_rng([seed, zlib.crc32(f"{prompt.id} {mixer.to_json()}".encode())])
        pull = sum(dose(mixer, name) for name in moved)
        plans = int(np.clip(6 + 3 * pull + chance.integers(-3, 4), 0, 12))
        return " ".join(["plan"] * plans + ["other"] * (12 - plans))

    class Named(ScriptedVoice):
        def vector(self, name: str) -> Any:
            return vector(name)

    found = report("transfer", Named(says), {**ASKED, "n": 10, "vectors": ",".join(names)})
    cells: dict[str, Any] = found["summary"]["cells"]
    assert {row["cell"] for row in table(found, "cells").values()} == set(cells)
    return cells


def test_p_of_many_cells_is_corrected_over_all_of_them() -> None:
    cells = both_ways(frozenset({"v3"}), seed=1)
    acting = cells.pop("v3 on scripted")
    assert acting["p_holm"] == pytest.approx(min(1.0, 12 * acting["p"]))
    assert acting["carries"] is True
    assert not any(cell["carries"] for cell in cells.values())


def test_where_nothing_carries_nothing_is_found_although_some_single_p_is_small() -> None:
    """Ten tables of twelve null cells: of 120 uncorrected p some are below 0.05, of the corrected ones hardly any."""
    tables = [both_ways(frozenset(), seed).values() for seed in range(10)]
    assert sum(cell["p"] < 0.05 for cells in tables for cell in cells) >= 2
    assert sum(any(cell["carries"] for cell in cells) for cells in tables) <= 2
