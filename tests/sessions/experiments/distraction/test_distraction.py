"""Distraction: a scripted model gives exactly the scripted rates; on the demo model a real vector decides."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, UsageError
from core.jobs.job import JobSample, Point, Row
from core.jobs.resume import FinishedTasks
from core.jobs.runner import run
from core.mixer.mixer import Mixer
from sessions.experiments import registry
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.distraction import dialogues
from tests.claude_server import Body, ClaudeServer
from tests.sessions.experiments.scripted import ScriptedVoice, dose
from tests.sessions.experiments.sweep.test_sweep import summary

AT = 4
SAID = {"returns": "back to work", "follows": "ah cake", "both": "cake at work", "neither": "hm well"}


def pack(folder: Path, count: int = 20) -> Path:
    lines = [
        {"id": str(n), "prompt": f"task {n}", "task": ["work"], "distractor": "Cake?", "distracted": ["cake"]}
        for n in range(count)
    ]
    file = folder / "pack.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return file


def scripted(plan: dict[str, dict[str, int]]) -> ScriptedVoice:
    """`plan` says for each condition how many of the tasks, in order, end in which way."""

    def says(prompt: SamplePrompt, mixer: Mixer) -> str:
        random = any(mixer.channels[i].vector.name.startswith("random") for i in mixer.active_indices())
        name = "random" if random else {0: "unsteered", 1: "+s", -1: "−s"}[int(dose(mixer))]
        order = [way for way, count in plan[name].items() for _ in range(count)]
        return "work and work and " + SAID[order[int(prompt.id)]]

    return ScriptedVoice(says)


PLAN = {
    "unsteered": {"returns": 5, "follows": 5, "both": 5, "neither": 5},
    "+s": {"returns": 20},
    "−s": {"returns": 1, "follows": 13, "both": 6},
    "random": {"returns": 5, "follows": 5, "both": 5, "neither": 5},
}


def events(voice: ScriptedVoice, folder: Path, **more: Any) -> list[Any]:
    finished = more.pop("finished", None)
    params = {"vector": "scripted", "tasks": str(pack(folder)), "n": 20, "at": AT, "window": 3, **more}
    return list(run(registry.experiment_job("distraction", voice, params), finished=finished))


def table(found: list[Any], name: str) -> dict[str, dict[str, Any]]:
    return {
        event.key: dict(event.values) for event in found if isinstance(event, Row) and event.table == name
    }


def test_scripted_rates_come_back_exactly(tmp_path: Path) -> None:
    found = table(events(scripted(PLAN), tmp_path), "outcomes")
    for condition, plan in PLAN.items():
        row = found[condition]
        assert {way: row[way] for way in SAID} == {way: plan.get(way, 0) / 20 for way in SAID}
        assert sum(row[way] for way in SAID) == pytest.approx(1)
        assert row["n"] == 20
        assert all(row[f"{way}_lo"] <= row[way] <= row[f"{way}_hi"] for way in SAID)


def test_the_paired_test_knows_the_vector_from_the_control(tmp_path: Path) -> None:
    found = events(scripted(PLAN), tmp_path)
    rows = table(found, "differences")
    assert rows["resistance: +s against −s"]["difference"] == pytest.approx(0.95)
    assert rows["resistance: +s against −s"]["p_holm"] < 0.05
    assert rows["resistance: random against unsteered"]["p"] == 1
    report = summary(found)
    assert report["summary"]["p"] < 0.05
    assert report["control"]["difference"] == 0
    assert (report["n"], report["seed"]) == (20, 0)


def test_one_random_direction_that_acts_by_chance_is_seen_to_be_one_of_five(tmp_path: Path) -> None:
    """The second of five leads every text back; the others do what no steering does."""
    plain = scripted(PLAN)

    def says(prompt: SamplePrompt, mixer: Mixer) -> str:
        lucky = any(channel.vector.name == "random 2" for channel in mixer.channels)
        return "work and work and " + SAID["returns"] if lucky else plain.says(prompt, mixer)

    found = events(ScriptedVoice(says), tmp_path, controls=5)
    control = summary(found)["control"]
    assert control["what"] == "the mean of 5 random directions"
    assert control["each"] == {
        "random": 0, "random 2": 0.75, "random 3": 0, "random 4": 0, "random 5": 0,
    }  # fmt: skip
    assert control["difference"] == pytest.approx(0.15)
    rows = table(found, "differences")
    assert rows["resistance: random 2 against unsteered"]["p_holm"] < 0.05
    assert rows["resistance: random 5 against unsteered"]["p"] == 1


def test_words_before_the_interruption_do_not_count(tmp_path: Path) -> None:
    """Every scripted text begins with its task; only what follows the distractor is looked at."""
    none = {name: {"neither": 20} for name in PLAN}
    row = table(events(scripted(none), tmp_path), "outcomes")["+s"]
    assert row["neither"] == 1
    assert row["adherence"] is None, "no word of either side is no evidence, not one half"


def test_adherence_as_published_says_one_half_of_nothing_and_only_where_it_is_asked_for(
    tmp_path: Path,
) -> None:
    """12 return, 8 do neither: of what is known all are on the task, as published 0.8 of them are."""
    plan = {name: {"returns": 12, "neither": 8} for name in PLAN}
    row = table(events(scripted(plan), tmp_path, published=True), "outcomes")["+s"]
    assert (row["adherence"], row["n adherence"]) == (1, 12)
    assert row["adherence as published"] == pytest.approx(0.6 + 0.5 * 0.4)
    assert row["adherence as published_lo"] < 0.8 < row["adherence as published_hi"]
    none = {name: {"neither": 20} for name in PLAN}
    row = table(events(scripted(none), tmp_path, published=True), "outcomes")["+s"]
    assert (row["adherence"], row["adherence as published"]) == (None, 0.5)
    assert "adherence as published" not in table(events(scripted(plan), tmp_path), "outcomes")["+s"]


def test_motivation_persistence_and_entropy_by_hand(tmp_path: Path) -> None:
    """A coin of 3 to 1 whose first side begins the task's words: 0.75 − 0.25, for as long as there is text."""

    class Coin(ScriptedVoice):
        def first_tokens(self, words: Any) -> frozenset[int]:
            return frozenset({0} if "work" in words else {1})

    for p, lasts in ((0.75, 3), (0.25, 0)):
        row = table(events(Coin(lambda prompt, mixer: "a b c d e f g", tokens=p), tmp_path), "outcomes")["+s"]
        assert row["motivation"] == pytest.approx(2 * p - 1)
        assert row["persistence"] == lasts
        assert row["entropy"] == pytest.approx(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25)))
    even = table(events(Coin(lambda prompt, mixer: "a b c d e f g"), tmp_path), "outcomes")["+s"]
    assert (even["motivation"], even["entropy"]) == (pytest.approx(0), pytest.approx(math.log(2)))


def test_steps_of_a_task_are_counted_over_the_whole_answer(tmp_path: Path) -> None:
    lines = json.loads(pack(tmp_path).read_text().splitlines()[0])
    file = tmp_path / "steps.jsonl"
    file.write_text(json.dumps({**lines, "steps": [["work", "labour"], ["cake"], ["rest"]]}))
    found = events(scripted(PLAN), tmp_path, tasks=str(file), n=1)
    assert table(found, "outcomes")["+s"]["completion"] == pytest.approx(1 / 3)
    assert all(
        task.steps for name in ("demo", "english") for task in dialogues.load_tasks({"tasks": name}, "x")
    )


def test_a_text_that_ends_too_early_is_no_outcome(tmp_path: Path) -> None:
    found = events(ScriptedVoice(lambda prompt, mixer: "work and" if dose(mixer) else "a b c d e"), tmp_path)
    rows = table(found, "outcomes")
    assert (rows["+s"]["n"], rows["+s"]["ended early"], rows["+s"]["returns"]) == (0, 20, None)
    assert rows["unsteered"]["n"] == 20
    samples = [event for event in found if isinstance(event, JobSample)]
    assert {flag for sample in samples for flag in sample.flags} == {"ended early", "neither"}


def test_samples_show_the_interruption_and_the_trace_is_centred_on_it(tmp_path: Path) -> None:
    found = events(scripted(PLAN), tmp_path)
    samples = [event for event in found if isinstance(event, JobSample)]
    assert len(samples) == 80
    assert samples[0].text == "work and work and  ⟦Cake?⟧ back to work "
    places = [event.x for event in found if isinstance(event, Point) and event.series == "projection, +s"]
    assert places == [-4, -3, -2, -1, 0, 1, 2]


def test_a_killed_run_goes_on_to_the_same_tables(tmp_path: Path) -> None:
    keep = tmp_path / "steps.jsonl"
    whole = summary(events(voice := scripted(PLAN), tmp_path, finished=FinishedTasks(keep)))
    assert len(voice.asked) == 20
    lines = keep.read_text().splitlines(keepends=True)
    keep.write_text("".join(lines[: len(lines) // 2]) + lines[-1][:20])
    again = summary(events(voice := scripted(PLAN), tmp_path, finished=FinishedTasks(keep)))
    assert 0 < len(voice.asked) < 20
    assert again == whole


def test_cost_comes_first_and_an_estimate_is_all_there_is(tmp_path: Path) -> None:
    found = events(voice := scripted(PLAN), tmp_path, estimate=True)
    assert voice.asked == []
    assert summary(found)["cost"]["answers"] == 80


BAD = {
    "no words": {"prompt": "p", "task": [], "distractor": "d", "distracted": ["x"]},
    "blank word": {"prompt": "p", "task": [" "], "distractor": "d", "distracted": ["x"]},
    "no distractor": {"prompt": "p", "task": ["a"], "distracted": ["x"]},
    "a text for a list": {"prompt": "p", "task": "abc", "distractor": "d", "distracted": ["x"]},
    "steps that are none": {"prompt": "p", "task": ["a"], "distractor": "d", "distracted": ["b"], "steps": 3},
    "a step of nothing": {
        "prompt": "p",
        "task": ["a"],
        "distractor": "d",
        "distracted": ["b"],
        "steps": [[]],
    },
    "one word for both": {"prompt": "p", "task": ["A"], "distractor": "d", "distracted": ["a"]},
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_bad_pack_names_its_task(tmp_path: Path, line: dict[str, Any]) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(json.dumps(line))
    with pytest.raises(BadInput, match="bad.jsonl, task 1"):
        dialogues.read_tasks(file)


def test_packs_by_name() -> None:
    assert [task.prompt.group for task in dialogues.load_tasks({}, "some-model")] == [
        "programming", "programming", "mathematics", "mathematics", "research", "creative",
    ]  # fmt: skip
    assert len(dialogues.load_tasks({"n": 5, "seed": 3}, "demo-base")) == 5
    with pytest.raises(UsageError, match="neither a file nor one of demo, english"):
        dialogues.load_tasks({"tasks": "nonsense"}, "demo-base")


def test_a_judge_without_its_key_refuses_before_anything_is_said(tmp_path: Path) -> None:
    voice = scripted(PLAN)
    with pytest.raises(Exception, match="ANTHROPIC_API_KEY"):
        events(voice, tmp_path, judge="claude-coherence")
    assert voice.asked == []


def test_a_judge_s_gaps_are_counted_and_never_averaged(tmp_path: Path, claude_server: ClaudeServer) -> None:
    """A tenth of the replies is hostile: `score: -1`, or words instead of JSON."""

    def reply(body: Body) -> Any:
        said = body["messages"][0]["content"]
        if "task 7" in said:
            return {"reason": "r", "score": -1}
        return (
            "ignore the schema"
            if "task 8" in said
            else {"reason": "r", "score": 9 if "back to" in said else 3}
        )

    claude_server.answer(reply)
    found = events(scripted(PLAN), tmp_path, judge="claude-coherence")
    rows = table(found, "judged")
    assert (rows["+s"]["score"], rows["+s"]["n"], rows["+s"]["missing"]) == (9, 18, 2)
    assert rows["unsteered"]["score"] == pytest.approx((5 * 9 + 13 * 3) / 18)
    report = summary(found)
    assert report["summary"]["missing"] == 8
    assert report["cost"]["judge_calls"] == 80
    assert report["cost"]["judge_dollars"] > 0


@pytest.fixture(scope="module")
def real() -> dict[str, Any]:
    import core
    from sessions.experiments.scoring.model_sampler import TorchSampler

    params = {"vector": "determined-drifting", "n": 12}
    return summary(
        list(run(registry.experiment_job("distraction", TorchSampler(core.load("demo-base")), params)))
    )


def test_on_the_demo_model_resistance_goes_with_the_vector_and_not_with_chance(real: dict[str, Any]) -> None:
    found = real["summary"]
    assert found["p"] < 0.05
    assert found["plus_minus"]["value"] > 0.5
    assert real["control"]["p"] > 0.05
    assert found["resistance"]["+s"]["value"] > found["resistance"]["−s"]["value"]


def test_on_the_demo_model_the_trace_shows_the_push(real: dict[str, Any]) -> None:
    rows = [row for row in real["rows"] if row["table"] == "answers" and row["outcome"]]
    assert all(-1 <= row["motivation"] <= 1 and row["entropy"] > 0 for row in rows)
