"""Pairs of answers before a judge, inside an experiment: planted preferences come back with their tests."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from core.jobs.job import Point
from core.mixer.mixer import Mixer
from sessions.experiments.common.prompts import load_prompts as prompts
from sessions.experiments.common.sampler import SamplePrompt
from tests.claude_server import Body, ClaudeServer
from tests.sessions.experiments.running import events, report, table
from tests.sessions.experiments.scripted import ScriptedVoice, dose

ASKED = {"vector": "scripted", "prompts": "english", "n": 12, "scales": "-1,1", "measure": "length"}


def says(prompt: SamplePrompt, mixer: Mixer) -> str:
    return {1: "much kinder words", -1: "rude words", 0: "plain words"}[int(dose(mixer))]


def kinder(body: Body) -> Any:
    said = str(body["messages"][0]["content"])
    first, second = (re.search(rf"<{side}-\w+>\n(.*)\n</", said) for side in ("first", "second"))
    assert first
    assert second
    order = ["rude words", "plain words", "much kinder words"]
    one, other = order.index(first[1]), order.index(second[1])
    return {"reason": "r", "better": "tie" if one == other else "first" if one > other else "second"}


def test_planted_preferences_come_back(claude_server: ClaudeServer) -> None:
    claude_server.answer(kinder)
    found = report("compare", ScriptedVoice(says), {**ASKED, "criterion": "is kinder"})
    rows = table(found, "duels")
    up, down = rows["scripted +1"], rows["scripted -1"]
    assert (up["wins"], up["losses"], up["ties"], up["win rate"]) == (12, 0, 0, 1.0)
    assert (down["wins"], down["losses"], down["win rate"]) == (0, 12, 0.0)
    assert up["p_holm"] == pytest.approx(3 * 2 / 2**12)
    assert (rows["random"]["ties"], rows["random"]["win rate"], rows["random"]["p"]) == (12, None, 1.0)
    assert found["cost"]["judge_calls"] == 12 * 3 * 2
    assert len(claude_server.requests) < found["cost"]["judge_calls"], "equal pairs are one question"


HEAVY = {**ASKED, "prompts": "empathy", "n": 28, "criterion": "shows more empathy"}


def moved(prompt: SamplePrompt, mixer: Mixer) -> str:
    """Kinder with the vector where it is grave, and no different elsewhere; at twice the dose it breaks."""
    if dose(mixer) >= 2:
        return "rude words"
    return "much kinder words" if prompt.group == "grave" and dose(mixer) > 0 else "plain words"


def test_wins_are_told_by_kind_of_prompt_and_drawn_over_doses(claude_server: ClaudeServer) -> None:
    claude_server.answer(kinder)
    voice = ScriptedVoice(moved, nll=lambda text: 4.0 if text == "rude words" else 1.0)
    found = events("compare", voice, {**HEAVY, "scales": "-1,1,2"})
    told = dict(found[-1].summary)  # type: ignore[attr-defined]
    by_group = table(told, "duels by group")
    grave, light = by_group["grave · scripted +1"], by_group["light · scripted +1"]
    assert (grave["wins"], grave["ties"], grave["win rate"]) == (9, 0, 1)
    assert (light["wins"], light["ties"], light["win rate"], light["p"]) == (0, 10, None, 1)
    assert grave["p_holm"] == pytest.approx(11 * grave["p"]), "of twelve, one is smaller"
    assert by_group["grave · random"]["win rate"] is None
    assert {row["losses"] for key, row in by_group.items() if key.endswith("+2")} == {9, 10}
    points = {(p.series, p.x): p.y for p in found if isinstance(p, Point)}
    assert (points["win rate, scripted", 1.0], points["win rate, scripted", 2.0]) == (1, 0)
    assert (points["coherence, scripted", 1.0], points["coherence, scripted", 2.0]) == (1, 0)
    assert table(told, "compare")["scripted +2"]["coherence"] == 0, "it lost by breaking"
    kept = table(told, "duels: answers")["scripted +1 · grave-1"]
    assert (kept["group"], kept["value"], kept["why"]) == ("grave", 1, "r")


def test_a_pack_of_three_weights_takes_them_in_turn() -> None:
    asked = prompts({"prompts": "empathy", "n": 28}, "x")
    assert Counter(one.group for one in asked) == {"light": 10, "hard": 9, "grave": 9}
    assert [one.group for one in asked[:3]] == ["light", "hard", "grave"]
    assert len({one.text for one in asked}) == 28


def test_prompts_of_one_kind_have_no_table_by_kind(claude_server: ClaudeServer, tmp_path: Path) -> None:
    claude_server.answer(kinder)
    mine = tmp_path / "mine.jsonl"
    mine.write_text('{"prompt": "How are you?"}\n{"prompt": "And now?"}\n')
    found = report("compare", ScriptedVoice(says), {**ASKED, "prompts": str(mine), "criterion": "is kinder"})
    assert not table(found, "duels by group")
    assert table(found, "duels")


def test_without_a_criterion_nobody_is_asked(claude_server: ClaudeServer) -> None:
    assert "duels" not in str(report("compare", ScriptedVoice(says), ASKED)["rows"])
    assert claude_server.requests == []
