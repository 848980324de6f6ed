"""A grid of layers and doses finds the cell that was planted, draws it, and finds nothing where nothing is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import BadInput, SteerError
from core.jobs.job import Cell, JobEvent
from core.jobs.resume import FinishedTasks
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.sweep.choice import ChoiceRule, choose_held_out
from steertui.widgets.chart.grid import draw_grid as drawn
from tests.sessions.experiments import running
from tests.sessions.experiments.scripted import ScriptedVoice, dose

SALAD = "new years and studios of the new"
ASKED = {"vector": "scripted", "prompts": "english", "n": 6, "measure": "words:task", "by": "grid"}
LEVELS = (-2, -1, -0.5, 0.5, 1, 2)


def says(prompt: SamplePrompt, mixer: Mixer) -> str:
    """Only layer 3 does anything; a dose of 2 breaks the text there, and no dose does on layer 2."""
    acts = any(channel.layers == (3,) for channel in mixer.channels)
    x = dose(mixer) if acts else 0.0
    if abs(x) >= 2:
        return SALAD
    tasks = int(10 + 4 * x)
    return " ".join(["task"] * tasks + ["other"] * (24 - tasks))


def voice(script: Any = says) -> ScriptedVoice:
    return ScriptedVoice(script, nll=lambda text: 4.0 if text == SALAD else 1.0)


def events(speaker: ScriptedVoice, params: Any = ASKED, **how: Any) -> list[JobEvent]:
    return running.events("sweep", speaker, params, **how)


def test_the_planted_cell_is_found_and_its_dose_is_the_largest_that_leaves_texts_whole() -> None:
    found = running.report("sweep", voice(), ASKED)
    best = found["summary"]["best"]
    assert (best["layer"], best["level"]) == (3, 1.0)
    assert best["difference"] == pytest.approx(100 * 4 / 24)
    assert found["summary"]["cells"] == 12
    layers = running.table(found, "layers")
    assert (layers["3"]["whole from"], layers["3"]["whole to"]) == (-1, 1)
    assert (layers["2"]["whole from"], layers["2"]["whole to"]) == (-2, 2)
    assert layers["2"]["difference"] == 0


def test_every_cell_stands_beside_a_random_one_with_n_an_interval_and_a_corrected_p() -> None:
    rows = running.table(running.report("sweep", voice(), ASKED), "cells")
    assert len(rows) == 1 + 2 * 12
    cell, chance = rows["L3 +1"], rows["random L3 +1"]
    assert cell["n"] == 6
    assert cell["difference_lo"] <= cell["difference"] <= cell["difference_hi"]
    assert cell["p_holm"] == pytest.approx(min(1.0, 12 * cell["p"]), rel=0.5)
    assert (cell["changed"], cell["coherence"]) == (1, 1)
    assert rows["L3 +2"]["coherence"] == 0
    assert (chance["difference"], chance["changed"], chance["p_holm"]) == (0, 0, None)


def test_what_half_of_the_prompts_chose_is_told_of_the_other_half() -> None:
    found = running.report("sweep", voice(), ASKED)
    chosen = found["summary"]["held_out"]
    assert (chosen["layer"], chosen["level"], chosen["n"]) == (3, 1.0, 3)
    assert chosen["difference"] == pytest.approx(100 * 4 / 24)
    assert found["control"]["held_out"]["difference"] == 0


def test_it_is_drawn_as_a_grid_of_layers_by_levels() -> None:
    cells = [event for event in events(voice()) if isinstance(event, Cell)]
    mine = {(str(c.row), str(c.column)): c.value for c in cells if c.grid == "words:task: minus unsteered"}
    assert {row for row, _ in mine} == {"L2", "L3"}
    assert [column for row, column in mine if row == "L2"] == [f"{level:+g}" for level in LEVELS]
    assert mine["L3", "+1"] == pytest.approx(100 * 4 / 24)
    assert {c.grid for c in cells} > {"coherence", "random words:task: minus unsteered"}
    colours = {"heat-warm": "#ff0000", "heat-cool": "#0000ff", "background": "#000000"}
    assert [line.plain.split() for line in drawn(mine, colours)][2][:1] == ["L3"]


def test_a_vector_that_does_nothing_has_no_cell_that_does() -> None:
    found = running.report("sweep", voice(lambda prompt, mixer: "one task of many others here"), ASKED)
    assert found["summary"]["best"]["difference"] == 0
    assert all(row.get("p_holm") in (None, 1) for row in running.table(found, "cells").values())


def test_a_killed_grid_goes_on_and_gives_the_same_tables_and_the_same_bytes(tmp_path: Path) -> None:
    straight = events(voice(), finished=FinishedTasks(tmp_path / "whole"))
    failing = voice()

    def dies(prompt: SamplePrompt, mixer: Mixer) -> str:
        if len(failing.asked) > 7:
            raise BadInput("killed")
        return says(prompt, mixer)

    failing.says = dies
    with pytest.raises(BadInput, match="killed"):
        events(failing, finished=FinishedTasks(tmp_path / "steps"))
    resumed = voice()
    assert events(resumed, finished=FinishedTasks(tmp_path / "steps")) == straight
    assert len(resumed.asked) == 6 * 3 - 7
    assert (tmp_path / "steps").read_text() == (tmp_path / "whole").read_text()
    assert json.dumps(straight[-1].to_json(), allow_nan=False)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"controls": 2}, "leave --controls out"),
        ({"layers": "9"}, "layer 9 asked for"),
        ({"scales": "0"}, "no level but 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(params: dict[str, Any], words: str) -> None:
    with pytest.raises(SteerError, match=words):
        events(voice(), {**ASKED, **params})


def test_only_levels_and_layers_that_were_asked_for_are_spoken() -> None:
    found = running.report("sweep", voice(), {**ASKED, "layers": "3", "scales": "0.5,1"})
    assert {key for key in running.table(found, "cells") if "random" not in key} == {
        "unsteered",
        "L3 +0.5",
        "L3 +1",
    }


RULE = ChoiceRule(0.8)


def draws(
    chance: np.random.Generator, levels: int, prompts: int, right: int | None = None
) -> dict[int, list[float]]:
    return {k: (chance.normal(size=prompts) + 2 * (k == right)).tolist() for k in range(levels)}


def test_the_luckiest_of_many_doses_that_do_nothing_does_nothing_where_it_was_not_chosen() -> None:
    chance, told, boasted = np.random.default_rng(0), [], []
    kept = {k: [1.0] * 24 for k in range(20)}
    for run in range(500):
        values = draws(chance, 20, 24)
        chosen = choose_held_out(values, kept, [0.0] * 24, RULE, run)
        assert chosen is not None
        told.append(chosen.difference.estimate.value)
        boasted.append(np.mean(values[chosen.key][::2]))
    assert np.mean(boasted) > 0.4
    assert abs(np.mean(told)) < 3 * np.std(told) / np.sqrt(500)


def test_the_dose_that_does_something_is_chosen_by_half_of_the_prompts() -> None:
    chance = np.random.default_rng(1)
    chosen = choose_held_out(
        draws(chance, 20, 24, right=7), {k: [1.0] * 24 for k in range(20)}, [0.0] * 24, RULE
    )
    assert chosen is not None
    assert chosen.key == 7
    assert chosen.difference.estimate.lo > 1  # type: ignore[operator]


def test_nothing_is_chosen_among_what_is_broken() -> None:
    assert choose_held_out({1: [5.0] * 4}, {1: [0.5] * 4}, [0.0] * 4, RULE) is None
    assert ChoiceRule(0.8, "less").best({1: 2.0, 2: 1.0, 3: None}, {1: 1.0, 2: 0.9, 3: 1.0}) == 2
