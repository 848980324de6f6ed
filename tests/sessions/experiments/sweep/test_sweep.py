"""A sweep of a scripted model finds what was scripted: response, edges, sweet spot, and nothing for the control."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, SteerError
from core.jobs.job import End, JobEvent, JobSample, Point, Row
from core.jobs.resume import FinishedTasks
from core.jobs.runner import run
from core.mixer.mixer import Mixer
from sessions.experiments import registry
from sessions.experiments.common.sampler import AnswerReading, SamplePrompt
from sessions.experiments.scoring.answers import SampledAnswer
from sessions.experiments.scoring.conditions import CONTROL, UNSTEERED
from sessions.experiments.scoring.measures import Measure
from sessions.experiments.sweep.doses import DoseTable
from tests.sessions.experiments.scripted import ScriptedVoice, dose, spoken

EDGE_UP, EDGE_DOWN = 3.0, -1.7
SALAD = "new years and studios of the new"
ASKED = {"vector": "scripted", "prompts": "english", "n": 6, "measure": "words:task"}


def says(prompt: SamplePrompt, mixer: Mixer) -> str:
    """More of the task word with more of the vector, until the text is about something else."""
    x = dose(mixer)
    if not EDGE_DOWN < x < EDGE_UP:
        return SALAD
    tasks = int(10 + 4 * x)
    return " ".join(["task"] * tasks + ["other"] * (24 - tasks))


def voice(script: Any = says, **rest: Any) -> ScriptedVoice:
    return ScriptedVoice(script, nll=lambda text: 4.0 if text == SALAD else 1.0, **rest)


def events(voice: ScriptedVoice, params: dict[str, Any], **how: Any) -> list[JobEvent]:
    return list(run(registry.experiment_job("sweep", voice, params), **how))


def summary(found: list[JobEvent]) -> dict[str, Any]:
    end = found[-1]
    assert isinstance(end, End)
    return dict(end.summary)


def test_the_cost_is_told_before_anything_else_happens() -> None:
    first = next(iter(run(registry.experiment_job("sweep", spoken := voice(), ASKED))))
    assert isinstance(first, Row)
    assert first.table == "cost"
    assert first.values["answers"] == 6 * 13 + 2 * 6 * (4 + 2 * 3)
    assert spoken.asked == []


def test_a_key_in_a_file_of_prompts_is_told_and_used_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('"my key is hf_saidToTheModel0123456789"\n"how are you?"\n')
    asked = {**ASKED, "prompts": str(file), "estimate": True}
    (warning,) = summary(events(voice(), asked))["warnings"]
    assert warning.startswith("mine.jsonl: 1 of its lines hold a key")
    assert "warnings" not in summary(events(voice(), {**ASKED, "estimate": True}))


def test_an_estimate_asks_nobody() -> None:
    found = events(spoken := voice(), {**ASKED, "estimate": True})
    assert spoken.asked == []
    assert summary(found)["cost"]["judge_calls"] == 0
    assert summary(found)["rows"] == []


def test_a_planted_response_is_found_with_its_window_and_its_sweet_spot() -> None:
    report = summary(events(voice(), ASKED))
    found = report["summary"]
    assert found["monotone"] is True
    assert found["slope"]["value"] == pytest.approx(100 * 4 / 24)
    assert found["p"] < 0.05
    assert found["window"][1] < EDGE_UP <= found["collapse"][1]
    assert found["window"][0] > EDGE_DOWN >= found["collapse"][0]
    assert found["collapse"][1] - found["window"][1] <= 2 / 16
    assert found["sweet_spot"]["level"] == 2.0
    assert found["sweet_spot"]["value"] == pytest.approx(100 * 18 / 24)
    assert found["anti_steerable"] == 0


def test_the_control_does_nothing_and_says_so() -> None:
    report = summary(events(voice(), ASKED))
    assert report["control"]["slope"]["value"] == 0
    assert report["control"]["p"] == 1.0
    assert report["summary"]["p_against_random"] < 0.05


def test_a_vector_is_held_against_several_random_directions() -> None:
    """Two of five move the measure, one of them as much as the vector: that is no single random one's business."""
    steep = {"random 2": 1.0, "random 4": -0.25}

    def moved(prompt: SamplePrompt, mixer: Mixer) -> str:
        x = dose(mixer) + sum(pull * dose(mixer, name) for name, pull in steep.items())
        return " ".join(["task"] * int(10 + 4 * x) + ["other"] * int(14 - 4 * x))

    report = summary(events(voice(moved), {**ASKED, "scales": "-1,1", "controls": 5}))
    found, per_level = report["control"], 100 * 4 / 24
    assert found["what"] == "the mean of 5 random directions"
    assert found["each"] == {
        "random": 0, "random 2": pytest.approx(per_level), "random 3": 0,
        "random 4": pytest.approx(-per_level / 4), "random 5": 0,
    }  # fmt: skip
    assert found["slope"]["value"] == pytest.approx(0.75 * per_level / 5)
    assert found["as steep"] == 1
    rows = {row["key"]: row for row in report["rows"] if row["table"] == "doses"}
    assert rows["random 5 +1"]["vector"] == "random 5"
    assert rows["random 5 +1"]["p_holm"] is None
    plain = summary(events(voice(), {**ASKED, "controls": 3}))["control"]
    assert (plain["as steep"], plain["p"]) == (0, 1)


def test_every_number_has_its_n_and_its_interval() -> None:
    rows = [row for row in summary(events(voice(), ASKED))["rows"] if row["table"] == "doses"]
    assert [row["level"] for row in rows if row["vector"] == "vector"] == [-2, -1, -0.5, 0.5, 1, 2]
    for row in rows:
        assert row["n"] == 6
        assert row["words:task_lo"] <= row["words:task"] <= row["words:task_hi"]
        assert row["coherence_lo"] <= row["coherence"] <= row["coherence_hi"]
    broken = {row["level"]: row["coherence"] for row in rows if row["vector"] == "vector"}
    assert broken[-2] == 0
    assert broken[2] == 1


def test_samples_of_all_conditions_and_curves_are_reported() -> None:
    found = events(voice(), ASKED)
    samples = [event for event in found if isinstance(event, JobSample)]
    assert len(samples) == 6 * 13
    assert {sample.condition for sample in samples} >= {"unsteered", "+1", "-1", "random +1"}
    curve = {p.x: p.y for p in found if isinstance(p, Point) and p.series == "words:task, vector"}
    assert curve[1.0] == pytest.approx(100 * 14 / 24)


def test_the_slope_of_every_prompt_is_reported_in_order() -> None:
    """Two of six prompts go the other way, which the mean of the others hides."""

    def contrary(prompt: SamplePrompt, mixer: Mixer) -> str:
        turned = -1 if prompt.id in ("english-2", "english-5") else 1
        tasks = int(10 + turned * 4 * dose(mixer))
        return " ".join(["task"] * tasks + ["other"] * (24 - tasks))

    found = events(voice(contrary), ASKED)
    slopes = [(p.x, p.y) for p in found if isinstance(p, Point) and p.series == "slope per prompt, vector"]
    per_level = 100 * 4 / 24
    assert [y for _, y in slopes] == pytest.approx([-per_level] * 2 + [per_level] * 4)
    assert [x for x, _ in slopes] == pytest.approx([k / 6 for k in range(1, 7)])
    assert summary(found)["summary"]["anti_steerable"] == pytest.approx(2 / 6)
    rows = {row["key"]: row for row in summary(found)["rows"] if row["table"] == "doses"}
    assert rows["+1"]["changed"] == 1
    assert rows["random +1"]["changed"] == 0


def test_a_vector_that_never_breaks_has_no_collapse() -> None:
    report = summary(events(voice(lambda prompt, mixer: "one task of many others here"), ASKED))
    assert report["summary"]["collapse"] == [None, None]
    assert report["summary"]["window"] == [-32.0, 32.0]
    assert report["summary"]["monotone"] is False
    assert report["summary"]["slope"]["value"] == 0


def test_a_killed_run_goes_on_and_gives_the_same_tables(tmp_path: Path) -> None:
    whole = voice()
    straight = events(whole, ASKED)
    failing = voice()

    def dies(prompt: SamplePrompt, mixer: Mixer) -> str:
        if len(failing.asked) > 4:
            raise BadInput("killed")
        return says(prompt, mixer)

    failing.says = dies
    with pytest.raises(BadInput, match="killed"):
        events(failing, ASKED, finished=FinishedTasks(tmp_path / "steps"))
    resumed = voice()
    again = events(resumed, ASKED, finished=FinishedTasks(tmp_path / "steps"))
    assert again == straight
    assert len(resumed.asked) == len(whole.asked) - 4


def test_a_cancelled_run_keeps_its_rows() -> None:
    cancel = threading.Event()
    found: list[JobEvent] = []
    for event in run(registry.experiment_job("sweep", voice(), ASKED), cancel=cancel):
        found.append(event)
        if isinstance(event, Row) and event.table == "doses":
            cancel.set()
    assert isinstance(found[-1], End)
    assert found[-1].status == "cancelled"
    assert found[-1].summary["partial"] is True
    assert len(found[-1].summary["rows"]) >= 1


def test_floors_are_counted_in_class_gaps() -> None:
    seen: list[dict[int, float]] = []

    def floored(prompt: SamplePrompt, mixer: Mixer) -> str:
        seen.extend(dict(channel.floor) for channel in mixer.channels if channel.vector.name == "scripted")
        return "a task"

    report = summary(events(voice(floored), {**ASKED, "by": "floor", "scales": "0,0.5,1"}))
    assert seen[:3] == [{2: -1.0, 3: -1.0}, {2: 1.0, 3: 1.0}, {2: 3.0, 3: 3.0}]
    assert report["summary"]["unit"] == "gaps from the negative class"
    (unsteered,) = [row for row in report["rows"] if row.get("vector") == "unsteered"]
    assert unsteered["level"] is None
    assert report["summary"]["window"][0] is None


def test_the_layer_that_acts_is_found() -> None:
    def on_layer(prompt: SamplePrompt, mixer: Mixer) -> str:
        acts = any(channel.layers == (3,) for channel in mixer.channels)
        return says(prompt, mixer if acts else Mixer())

    report = summary(events(voice(on_layer), {**ASKED, "by": "layer"}))
    rows = {row["layer"]: row for row in report["rows"] if row["table"] == "layers"}
    assert report["summary"]["best_layer"] == 3
    assert rows[3]["effect"] == pytest.approx(100 * 4 / 24)
    assert rows[2]["effect"] == 0
    assert rows[3]["random"] == 0


def test_propensity_stands_beside_the_measure() -> None:
    report = summary(
        events(voice(prefers=lambda mixer, pair: dose(mixer) + pair / 10), {**ASKED, "contrast": "pirate"})
    )
    found = {row["level"]: row["propensity"] for row in report["rows"] if row.get("vector") == "vector"}
    assert found[1.0] - found[-1.0] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"measure": "cleverness"}, "no measure 'cleverness'"),
        ({"prompts": "latin"}, "neither a file nor one of demo, stories, english"),
        ({"unit": "unit"}, "needs a scale"),
        ({"layers": "9"}, "layer 9 asked for, the model has 4"),
        ({"measure": "words:"}, "needs the words to count"),
        ({"by": "layer", "controls": 5}, "leave --controls out"),
        ({"controls": 0}, "from 1 to 20 random directions"),
    ],
)
def test_what_cannot_be_meant_is_refused(params: dict[str, Any], words: str) -> None:
    with pytest.raises(SteerError, match=words):
        events(voice(), {**ASKED, **params})


PUBLISHED = {
    "additive": {  # scale: (assistant-likeness, coherence), means of five answers in llm-personality-axes
        0: (3.6, 8.2),
        5: (4.2, 7.8),
        10: (4.4, 8.6),
        20: (5.4, 8.4),
        50: (9.2, 8.8),
        100: (0.0, 0.2),
        200: (0.0, 0.0),
    },
    "cap": {
        0: (3.8, 8.4),
        1: (6.6, 8.0),
        3: (6.8, 8.4),
        5: (7.0, 9.0),
        10: (9.4, 8.4),
        20: (8.8, 7.2),
        50: (0.0, 0.0),
    },
}


@pytest.mark.parametrize(("form", "spot"), [("additive", 50), ("cap", 10)])
def test_the_sweet_spots_of_published_scores_are_found_again(form: str, spot: int) -> None:
    scores = {f"{level:+g}" if level else UNSTEERED: pair for level, pair in PUBLISHED[form].items()}
    levels = [float(level) for level in PUBLISHED[form] if level]
    asked = [SamplePrompt(str(k), ({"role": "user", "content": "?"},)) for k in range(5)]
    names = [*scores, *(f"{CONTROL}{level:+g}" for level in levels)]
    reading = AnswerReading((1.0,))
    table = {
        name: [SampledAnswer(prompt, name, spoken("yes"), reading) for prompt in asked] for name in names
    }
    assistant = Measure("assistant", "", lambda a: scores.get(a.condition, (3.6, 8.2))[0])
    coherence = Measure("coherence", "", lambda a: scores.get(a.condition, (3.6, 8.2))[1] / 10)
    found = DoseTable(table, assistant, coherence, levels, {}, 0).summary({}, 0.8, "more")
    assert found["sweet_spot"]["level"] == spot
