"""Pairs of answers before a judge, inside an experiment: planted preferences come back with their tests."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.mixer import Mixer
from sessions.experiments.voice import Prompt
from tests.claude_server import Body, ClaudeServer
from tests.sessions.experiments.running import report, table
from tests.sessions.experiments.scripted import ScriptedVoice, dose

ASKED = {"vector": "scripted", "prompts": "english", "n": 12, "scales": "-1,1", "measure": "length"}


def says(prompt: Prompt, mixer: Mixer) -> str:
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


def test_without_a_criterion_nobody_is_asked(claude_server: ClaudeServer) -> None:
    assert "duels" not in str(report("compare", ScriptedVoice(says), ASKED)["rows"])
    assert claude_server.requests == []
