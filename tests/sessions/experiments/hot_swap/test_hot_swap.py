"""Hot swap: scripted texts that go over or stay, with and without a spike; on the demo model the text goes over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageError
from core.jobs.job import JobSample, Point
from core.jobs.resume import FinishedTasks
from core.jobs.runner import run
from core.mixer.mixer import Mixer
from sessions.experiments import registry
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.hot_swap.flips import FLIP, FLIPPED, STAY, THROUGHOUT, TO_ZERO
from sessions.experiments.hot_swap.hot_swap import FlipSchedule
from sessions.experiments.hot_swap.swapping import JOLT_ONLY, JOLT_SWITCH, NO_SWITCH, SMOOTH_SWITCH
from sessions.experiments.scoring.conditions import RANDOM, UNSTEERED
from tests.sessions.experiments.distraction.test_distraction import table
from tests.sessions.experiments.scripted import ScriptedVoice, dose
from tests.sessions.experiments.sweep.test_sweep import summary

AT, LONG = 10, 40
RANDOM_FLIP = RANDOM + FLIPPED
TOKENS = {"plus": (1.0, 2.0), "minus": (1.0, 0.0), "none": (1.0, 1.0), "jolt": (9.0, 0.0), "JOLT": (9.0, 2.0)}
WAYS = (SMOOTH_SWITCH, JOLT_SWITCH, NO_SWITCH, JOLT_ONLY)


def says(prompt: SamplePrompt, mixer: Mixer) -> str:
    """Every fourth prompt goes over smoothly, the next with a jolt, the next not at all, the next only jolts."""
    if any(mixer.channels[i].vector.name.startswith("random") for i in mixer.active_indices()):
        return " ".join(["none"] * LONG)
    if dose(mixer) >= 0:
        return " ".join(["plus" if dose(mixer) else "none"] * LONG)
    way = WAYS[int(prompt.id.rpartition("-")[2]) % 4]
    word = "minus" if way in (SMOOTH_SWITCH, JOLT_SWITCH) else "plus"
    words = [word] * LONG
    if way in (JOLT_SWITCH, JOLT_ONLY):
        words[AT] = "jolt" if way == JOLT_SWITCH else "JOLT"
    return " ".join(words)


def events(voice: ScriptedVoice | None = None, **more: Any) -> list[Any]:
    finished = more.pop("finished", None)
    params = {
        "vector": "scripted",
        "prompts": "english",
        "n": 20,
        "at": AT,
        "after": 30,
        "measure": "words:plus",
    }
    voice = voice or ScriptedVoice(says, token=lambda word: TOKENS[word])
    return list(run(registry.experiment_job("hot-swap", voice, {**params, **more}), finished=finished))


def test_scripted_outcomes_come_back_exactly() -> None:
    rows = table(events(), "outcomes")
    assert {way: rows[FLIP][way] for way in WAYS} == dict.fromkeys(WAYS, 0.25)
    for name in (STAY, TO_ZERO, RANDOM_FLIP):
        assert rows[name][NO_SWITCH] == 1, name
    assert rows[FLIP]["n"] == 20
    assert 0 < rows[FLIP][f"{SMOOTH_SWITCH}_lo"] < 0.25 < rows[FLIP][f"{SMOOTH_SWITCH}_hi"]


def test_without_a_flip_nothing_jumps() -> None:
    rows = table(events(), "swap")
    assert (rows[STAY]["jump"], rows[STAY]["spike"], rows[STAY]["settled"]) == (0, 1, None)
    assert rows[FLIP]["jump"] == pytest.approx(0.5 * 8 / 15)
    assert rows[FLIP]["n settled"] == 10
    assert rows[FLIP]["settled"] <= 5


def test_texts_agree_up_to_the_flip_and_differ_after_it() -> None:
    report = summary(events())["summary"]
    assert report["same_before"] == 1
    assert report["changed_after"] == 0.75, "every fourth text stays as it was, and that is said"
    one_jolt_in_thirty = 100 / 30 / 4
    assert report["after_flip"]["value"] == pytest.approx(-50 - one_jolt_in_thirty)
    assert report["p"] < 0.05


def test_the_control_changes_nothing() -> None:
    report = summary(events())
    assert report["control"]["difference"] == 0
    assert report["control"]["p"] == 1


def test_several_random_directions_are_flipped_and_tested_together() -> None:
    found = events(controls=3)
    assert [name for name in table(found, "swap") if name.startswith("random")] == [
        "random, flipped",
        "random 2, flipped",
        "random 3, flipped",
    ]
    control = summary(found)["control"]
    assert control["what"] == "the mean of 3 random directions, flipped at the same token"
    assert (control["difference"], control["p"]) == (0, 1)
    assert set(control["each"].values()) == {0}
    with pytest.raises(UsageError, match="from 1 to 20 random directions, not 0"):
        events(controls=0)


def test_a_flip_back_and_a_ramp_say_when_what_is_played() -> None:
    assert FlipSchedule(10).scales(1.0, -1.0) == {10: -1.0}
    assert FlipSchedule(10, ramp_tokens=4).scales(1.0, -1.0) == {10: 0.5, 11: 0.0, 12: -0.5, 13: -1.0}
    assert FlipSchedule(10, back=5).scales(1.0, -1.0) == {10: -1.0, 15: 1.0}


def test_divergence_is_that_of_the_mixer_that_plays() -> None:
    rows = table(events(), "swap")
    halves = {name: (row["kl before"], row["kl after"]) for name, row in rows.items()}
    assert halves[FLIP] == halves[STAY] == halves[THROUGHOUT] == (1, 1)
    assert halves[TO_ZERO] == (1, 0)
    assert halves[UNSTEERED] == (0, 0)


def test_there_and_back_again() -> None:
    """Of 30 tokens after the flip the smooth quarter and the jolted one are about the negative side for 12."""
    samples = [event for event in events(back=12) if isinstance(event, JobSample) and event.condition == FLIP]
    words = next(sample.text for sample in samples if sample.prompt == "english-4").split()
    assert words == ["plus"] * AT + ["⟦flip⟧"] + ["minus"] * 12 + ["plus"] * 18


@pytest.mark.parametrize("wrong", [{"at": 0}, {"ramp": 6, "back": 3}])
def test_a_flip_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="--at|--back"):
        events(**wrong)


def test_a_text_that_ends_before_the_flip_has_no_outcome() -> None:
    short = ScriptedVoice(lambda prompt, mixer: "plus " * 5, token=lambda word: TOKENS[word])
    found = events(short)
    assert table(found, "swap")[FLIP]["ended early"] == 20
    assert table(found, "outcomes")[FLIP]["n"] == 0
    assert summary(found)["summary"]["p"] is None


def test_traces_and_samples_are_centred_on_the_flip() -> None:
    found = events()
    places = [event.x for event in found if isinstance(event, Point) and event.series == f"nll, {FLIP}"]
    assert places == list(range(-AT, 30))
    sample = next(event for event in found if isinstance(event, JobSample) and event.condition == FLIP)
    assert sample.text.split().index("⟦flip⟧") == AT
    assert sample.flags[0] in WAYS


def test_a_scale_of_zero_has_no_other_sign() -> None:
    with pytest.raises(UsageError, match="no other sign"):
        events(scale=0.0)


def test_a_killed_run_goes_on_to_the_same_tables(tmp_path: Path) -> None:
    keep = tmp_path / "steps.jsonl"
    whole = summary(events(finished=FinishedTasks(keep)))
    lines = keep.read_text().splitlines(keepends=True)
    keep.write_text("".join(lines[: len(lines) // 2]) + lines[-1][:20])
    assert summary(events(finished=FinishedTasks(keep))) == whole


@pytest.fixture(scope="module")
def model() -> Any:
    import core

    return core.load("demo-base")


@pytest.mark.parametrize("how", [{}, {"cache": "rebuild"}, {"ramp": 6}], ids=["keep", "rebuild", "ramp"])
def test_on_the_demo_model_the_text_goes_over(model: Any, how: dict[str, Any]) -> None:
    from sessions.experiments.scoring.model_sampler import TorchSampler

    params = {"vector": "determined-drifting", "n": 8, **how}
    report = summary(list(run(registry.experiment_job("hot-swap", TorchSampler(model), params))))
    found = report["summary"]
    assert found["same_before"] == 1
    assert found["changed_after"] == 1
    assert found["p"] < 0.05
    assert found["after_flip"]["value"] < -0.5
    assert report["control"]["p"] > 0.05
    rows = {row["key"]: row for row in report["rows"] if row["table"] == "swap"}
    assert rows[THROUGHOUT]["before"] < 0.5 < rows[STAY]["after"]
