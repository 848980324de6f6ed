"""Lobotomy and induction on scripted pairs of models: distances, signs and controls come out as they were put in."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from core.mixer import Mixer
from sessions.experiments.divergence import divergence
from sessions.experiments.voice import Prompt
from tests.sessions.experiments.running import report, table
from tests.sessions.experiments.scripted import ScriptedVoice, dose

ASKED = {"prompts": "english", "n": 5, "measure": "words:plan"}


def pair(pulled: float = 0.4, place: float = 3.0) -> tuple[ScriptedVoice, ScriptedVoice]:
    """Base tosses a fair coin; tuned 9 to 1, and subtracting its tuning moves that back by `pulled` per λ."""
    base = ScriptedVoice(lambda prompt, mixer: "maybe later, who knows", name="base")
    tuned = ScriptedVoice(says, name="tuned", place=place, tokens=0.9, pulled=pulled, others={"base": base})
    return base, tuned


def says(prompt: Prompt, mixer: Mixer) -> str:
    return "maybe later then" if dose(mixer, "tuned − base") < -0.9 else "plan plan and work"


def kl(p: float, q: float) -> float:
    return p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))


def test_divergence_by_hand() -> None:
    p, q = np.log([[0.5, 0.5]]), np.log([[0.9, 0.1]])
    assert divergence(p, q) == pytest.approx(kl(0.5, 0.9))
    assert divergence(p, p) == 0.0


def test_what_is_impossible_for_the_reference_adds_nothing() -> None:
    with np.errstate(divide="ignore"):
        p, q = np.log([[1.0, 0.0]]), np.log([[0.5, 0.5]])
    assert divergence(p, q) == pytest.approx(math.log(2))


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
    def steered(prompt: Prompt, mixer: Mixer) -> str:
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
    def plans(prompt: Prompt, mixer: Mixer) -> str:
        return " ".join(["plan"] * int(2 + dose(mixer)) + ["other"] * int(2 - dose(mixer)))

    here = ScriptedVoice(plans, name="here")
    here.others = {"there": ScriptedVoice(lambda prompt, mixer: "plan other", name="there")}
    found = report("transfer", here, {**ASKED, "n": 8, "vectors": "scripted", "models": "there"})
    cells: dict[str, Any] = found["summary"]["cells"]
    assert found["summary"]["carries"] == {"scripted on here": True, "scripted on there": False}
    assert cells["scripted on here"]["+s minus −s"] == pytest.approx(50)
    assert cells["scripted on there"]["+s minus −s"] == 0
    assert found["control"]["differences"]["scripted on here"]["difference"] == 0
