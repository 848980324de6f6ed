"""Semantic adherence: planted where a text is about its task or about the distractor, nothing where about neither."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import BadInput
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.distraction.meaning import semantic_adherence
from steertui.cli.verbs.run import render_experiment
from tests.sessions.experiments.running import events, report, table
from tests.sessions.experiments.scripted import ScriptedVoice, dose
from vectors.embedding.fixture import read_fixture

ASKED = {"vector": "scripted", "n": 12, "at": 3, "window": 4}
SIDES = {1: "the {task} again", -1: "a {away} indeed", 0: "nothing of both"}


def pack(folder: Path, count: int = 12) -> str:
    """Every task and every distractor has a word of its own."""
    lines = [
        {
            "id": str(n),
            "prompt": f"please task{n}",
            "task": ["work"],
            "distractor": f"look away{n}",
            "distracted": ["cake"],
        }
        for n in range(count)
    ]
    file = folder / "pack.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    return str(file)


def says(prompt: SamplePrompt, mixer: Mixer) -> str:
    side = SIDES[int(dose(mixer))].format(task=f"task{prompt.id}", away=f"away{prompt.id}")
    return f"one two three {side}"


def distracted(folder: Path, script: Any = says, *, meaning: bool = True, **more: Any) -> dict[str, Any]:
    asked = {**ASKED, "tasks": pack(folder), **more}
    return report("distraction", ScriptedVoice(script, meaning=meaning), asked)


def test_what_a_text_means_is_found_without_a_word_of_the_lists(tmp_path: Path) -> None:
    found = distracted(tmp_path)
    rows = table(found, "outcomes")
    assert rows["+s"]["neither"] == 1, "the word lists see nothing here"
    assert rows["+s"]["semantic"] > 0.3
    assert rows["−s"]["semantic"] < -0.3
    assert abs(rows["unsteered"]["semantic"]) < 0.05
    assert table(found, "differences")["semantic: +s against −s"]["p_holm"] < 0.05
    assert table(found, "differences")["semantic: random against unsteered"]["p"] == 1


def test_the_meaning_of_another_task_is_none_of_this_one(tmp_path: Path) -> None:
    """Every text is about the task before it: related to tasks, and to none in particular."""

    def elsewhere(prompt: SamplePrompt, mixer: Mixer) -> str:
        return f"one two three the task{(int(prompt.id) - 1) % 12} again"

    assert abs(table(distracted(tmp_path, elsewhere), "outcomes")["+s"]["semantic"]) < 0.1


def test_by_hand_and_under_the_null() -> None:
    task, away = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    assert semantic_adherence(task, task, away) == 1
    assert semantic_adherence(away, task, away) == -1
    assert semantic_adherence(task + away, task, away) == 0
    assert semantic_adherence(task, away, task) == -semantic_adherence(task, task, away)
    rows = np.random.default_rng(0).standard_normal((600, 3, 64))
    values = [semantic_adherence(*row) for row in rows]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(600)


def test_nothing_said_means_nothing(tmp_path: Path) -> None:
    found = distracted(tmp_path, lambda prompt, mixer: "one two")
    assert table(found, "outcomes")["+s"]["semantic"] is None


def answers(found: dict[str, Any]) -> list[str]:
    return [row["key"] for row in found["rows"] if row["table"] == "answers"]


def test_what_decided_is_said_with_the_warning(tmp_path: Path) -> None:
    found = distracted(tmp_path)
    assert found["summary"]["semantic"] == {"embedded_by": "words", "auroc": 1.0}
    assert found["warnings"] == ["semantic: only words are compared"]
    assert "note: semantic: only words are compared" in list(render_experiment(found))


def test_a_model_that_cannot_embed_leaves_the_measure_out_and_says_why(tmp_path: Path) -> None:
    found = distracted(tmp_path, meaning=False)
    assert found["summary"]["semantic"] == {"left_out": "scripted cannot embed sentences"}
    assert not any(key.startswith("semantic") for row in found["rows"] for key in row)
    assert not any(key.startswith("semantic") for key in table(found, "differences"))
    assert answers(found) == answers(distracted(tmp_path))
    (note,) = found["warnings"]
    assert note == "semantic is left out: scripted cannot embed sentences"
    assert f"note: {note}" in list(render_experiment(found))


def test_the_note_stands_in_the_report(tmp_path: Path) -> None:
    distracted(tmp_path, meaning=False, report=str(tmp_path / "report"))
    text = (tmp_path / "report" / "report.md").read_text()
    assert "> semantic is left out: scripted cannot embed sentences" in text


def written_rows(folder: Path, script: Any, *without: str) -> str:
    """Rows for all texts of the run with that script: tasks along one axis, what was thrown in along another."""
    texts: dict[str, list[float]] = {}
    for number in range(12):
        texts[f"please task{number}"], texts[f"look away{number}"] = [1.0, 0.0], [0.0, 1.0]
        for side, row in ((1, [3.0, 0.0]), (-1, [0.0, 2.0]), (0, [1.0, 1.0])):
            texts[SIDES[side].format(task=f"task{number}", away=f"away{number}")] = row
    file = folder / "rows.jsonl"
    kept = {text: row for text, row in texts.items() if text not in without}
    file.write_text("".join(json.dumps({"text": text, "row": row}) + "\n" for text, row in kept.items()))
    return str(file)


def test_rows_of_a_file_decide(tmp_path: Path) -> None:
    """Planted: +s on the task's axis, −s on the distractor's, unsteered between the two."""
    found = distracted(tmp_path, meaning=False, embeddings=written_rows(tmp_path, says))
    rows = table(found, "outcomes")
    assert [rows[name]["semantic"] for name in ("+s", "−s", "unsteered")] == pytest.approx([1.0, -1.0, 0.0])
    assert found["summary"]["semantic"] == {"embedded_by": "rows.jsonl", "auroc": None}
    assert "the rows of rows.jsonl were not tested" in found["warnings"][0]
    assert "warm" in found["warnings"][0]


def test_rows_of_a_file_cost_no_pass(tmp_path: Path) -> None:
    """The model's own embedding: its self-test, and one pass for each task, distractor and answer."""
    own = distracted(tmp_path, estimate=True)["cost"]["passes"]
    filed = distracted(tmp_path, estimate=True, embeddings="rows.jsonl")["cost"]["passes"]
    assert own - filed == len(read_fixture().texts) + 2 * 12 + 4 * 12
    # Twelve batches of four answers of seven tokens, each answer read three times.
    assert filed == 12 * (3 + 4 + 1) + 3 * 4 * 12


def test_a_file_that_lacks_a_task_is_refused_before_anything_is_generated(tmp_path: Path) -> None:
    voice = ScriptedVoice(says)
    asked = {**ASKED, "tasks": pack(tmp_path), "embeddings": written_rows(tmp_path, says, "look away3")}
    with pytest.raises(BadInput, match="rows.jsonl: no row for the text 'look away3'"):
        events("distraction", voice, asked)
    assert voice.asked == []


def test_a_file_that_lacks_an_answer_leaves_the_measure_out(tmp_path: Path) -> None:
    found = distracted(tmp_path, embeddings=written_rows(tmp_path, says, "the task3 again"))
    reason = found["summary"]["semantic"]["left_out"]
    assert reason.startswith("rows.jsonl has no row for 1 of the 48 answers of this run")
    assert "samples.jsonl" in reason
    assert "semantic" not in table(found, "outcomes")["+s"]


def test_the_answers_that_a_file_needs_are_what_the_samples_hold_after_the_sign(tmp_path: Path) -> None:
    distracted(tmp_path, report=str(tmp_path / "report"))
    samples = map(json.loads, (tmp_path / "report" / "samples.jsonl").read_text().splitlines())
    texts = {one["text"].partition("⟧ ")[2].strip() for one in samples if one["condition"] == "+s"}
    assert texts == {f"the task{number} again" for number in range(12)}


def test_events_say_how_far_it_is(tmp_path: Path) -> None:
    found = events(
        "distraction",
        ScriptedVoice(says),
        {"vector": "scripted", "tasks": pack(tmp_path), "n": 2, "at": 3, "window": 4},
    )
    assert any("meanings compared" in str(event) for event in found)
