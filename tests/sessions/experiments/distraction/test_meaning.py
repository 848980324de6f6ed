"""Semantic adherence: planted where a text is about its task or about the distractor, nothing where about neither."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.demo.world import prompts as world
from core.demo.world.speech import talk
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.distraction.meaning import semantic_adherence
from tests.sessions.experiments.running import events, report, table
from tests.sessions.experiments.scoring.test_model_sampler import base, done
from tests.sessions.experiments.scripted import ScriptedVoice, dose

__all__ = ["base"]
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


def distracted(folder: Path, script: Any = says) -> dict[str, Any]:
    asked = {"vector": "scripted", "tasks": pack(folder), "n": 12, "at": 3, "window": 4}
    return report("distraction", ScriptedVoice(script), asked)


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


def test_a_resident_model_s_states_tell_tasks_from_temptations(base: Any) -> None:
    """Sentences of the demo's world about the work, and others about what distracts from it; halves of the same
    sentences tell nothing apart."""
    chance, asked = random.Random(5), world.task_requests(12, 31)
    on = [" ".join(scene.write_sentences(talk.DETERMINED, 3, chance)) for scene, _ in asked]
    off = [" ".join(scene.write_sentences(talk.DISTRACTIONS, 2, chance)) for scene, _ in asked]
    thrown = [scene.write_sentence(talk.DISTRACTIONS[n % 6], chance) for n, (scene, _) in enumerate(asked)]
    states = done(base.mean_states([*on, *off, *(text for _, text in asked), *thrown])).reshape(4, 12, -1)
    states -= states[2:].mean(axis=(0, 1))
    held, fallen = (
        [semantic_adherence(said[n], states[2, n], states[3, n]) for n in range(12)] for said in states[:2]
    )
    assert min(held) > max(fallen)
    assert np.mean(held) > 0.1 > -0.5 > np.mean(fallen)
    assert abs(np.mean(held[::2]) - np.mean(held[1::2])) < 0.2


def test_a_text_means_the_same_in_a_batch_and_alone(base: Any) -> None:
    texts = ["We will finish the parser.", "Look at the parade, it is lovely and long today!", "No."]
    together = done(base.mean_states(texts))
    for row, text in zip(together, texts, strict=True):
        assert row == pytest.approx(done(base.mean_states([text]))[0], abs=1e-3)


def test_events_say_how_far_it_is(tmp_path: Path) -> None:
    found = events(
        "distraction",
        ScriptedVoice(says),
        {"vector": "scripted", "tasks": pack(tmp_path), "n": 2, "at": 3, "window": 4},
    )
    assert any("meanings compared" in str(event) for event in found)
