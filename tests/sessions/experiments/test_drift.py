"""A planted drift is seen turn by turn, and a cap that holds it is told from one that does nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import BadInput, UsageError
from core.jobs.job import Point, gpu_task
from core.jobs.runner import run
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.axis_drift.capping import match_random_floor
from sessions.experiments.axis_drift.scripts import load_conversations
from sessions.experiments.common.sampler import PromptProjections, SamplePrompt
from tests.sessions.experiments.running import events, report, table
from tests.sessions.experiments.scripted import ScriptedVoice, vector

ASKED = {"vector": "scripted", "n": 8, "turns": 4, "floor": "2", "layers": "2", "measure": "words:arr"}


def drifting(prompt: SamplePrompt, mixer: Mixer) -> str:
    """From the third turn on somebody else speaks, unless the true vector is capped."""
    turn = sum(message["role"] == "user" for message in prompt.messages)
    capped = any(channel.is_capped and channel.vector.name == "scripted" for channel in mixer.channels)
    return "well then arr me hearties" if turn > 2 and not capped else "of course I will help"


def voice(name: str = "demo-base") -> ScriptedVoice:
    """Words of the other persona lie low on the axis."""
    return ScriptedVoice(
        drifting,
        projects=lambda text: -4.0 if "arr" in text.split() else 4.0,
        name=name,
    )


def test_the_drift_and_the_cap_that_holds_it() -> None:
    found = report("axis-drift", voice(), ASKED)
    rows = table(found, "turns")
    assert [rows[f"uncapped · {turn}"]["its words"] for turn in (1, 2, 3, 4)] == [2, 2, -2, -2]
    assert [rows[f"capped · {turn}"]["its words"] for turn in (1, 2, 3, 4)] == [2, 2, 2, 2]
    assert rows["uncapped · 3"]["its words: alert"] == 1
    assert rows["capped · 3"]["its words: alert"] == 0
    assert rows["uncapped · 4"]["words:arr"] == pytest.approx(20)
    summary = found["summary"]
    assert summary["uncapped"]["its words"]["value"] == -4
    assert summary["capped"]["its words"]["against_uncapped"]["value"] == 4
    assert summary["capped"]["its words"]["p"] < 0.05
    assert "its words" in summary["holds"]


def test_every_turn_of_every_condition_is_a_point_of_each_curve() -> None:
    found = events("axis-drift", voice(), ASKED)
    for series in ("its words", "at its start", "words:arr"):
        curve = {e.x: e.y for e in found if isinstance(e, Point) and e.series == f"{series}, uncapped"}
        assert sorted(curve) == [1, 2, 3, 4]
        assert curve[1] != curve[4] or series == "at its start"


def test_the_same_cap_on_a_random_direction_holds_nothing() -> None:
    found = report("axis-drift", voice(), ASKED)
    for name in ("random, same floor", "random, matched floor"):
        assert found["control"][name]["its words"]["against_uncapped"]["value"] == 0
        assert found["summary"]["capped"]["its words"][f"p against {name}"] < 0.05


def test_without_drift_nothing_is_held() -> None:
    steady = voice()
    steady.says = lambda prompt, mixer: "of course I will help"
    assert report("axis-drift", steady, ASKED)["summary"]["holds"] == []


def test_every_condition_lives_its_own_conversation() -> None:
    heard: list[tuple[str, ...]] = []

    def listening(prompt: SamplePrompt, mixer: Mixer) -> str:
        heard.append(tuple(message["content"] for message in prompt.messages))
        return drifting(prompt, mixer)

    one = voice()
    one.says = listening
    report("axis-drift", one, {**ASKED, "n": 1})
    last = [turns for turns in heard if len(turns) == 7]
    assert len(last) == 4
    assert len(set(last)) == 2  # both caps on a random direction go the way of no cap


def test_a_matched_floor_lies_as_high_among_its_own_projections() -> None:
    """A quarter of the vector's projections lie below its floor of 2.5; a quarter of the random one's below 25."""
    true, other = vector("scripted"), vector("random 1")
    prompts = [SamplePrompt(str(k), ({"role": "user", "content": str(k)},)) for k in range(1, 9)]

    class Ranked(ScriptedVoice):
        def read_prompt(self, prompt: SamplePrompt, vector: Any) -> Any:
            factor = 1.0 if vector.name == "scripted" else 10.0
            yield gpu_task(lambda: None)
            return PromptProjections(("?",), {2: (factor * float(prompt.text),)})

    def job() -> Any:
        cap = Channel(true, layers=(2,), floor=2.5)
        like = yield from match_random_floor(Ranked(drifting), cap, other, prompts)
        return {"layers": like.layers, "floor": like.floor}

    end = list(run(job()))[-1]
    assert end.summary["layers"] == (2,)  # type: ignore[union-attr]
    assert end.summary["floor"][2] == pytest.approx(np.percentile(range(10, 90, 10), 25))  # type: ignore[union-attr]


def test_the_conversations_of_the_demo_s_world_are_pulled_in_their_third_turn() -> None:
    made = load_conversations({"n": 3, "turns": 6, "seed": 1}, "demo-base")
    assert [len(one.turns) for one in made] == [6, 6, 6]
    assert [one.turns[2] for one in made] == ["You are a pirate.", "You are a poet.", "You are a contrarian."]
    assert made == load_conversations({"n": 3, "turns": 6, "seed": 1}, "demo-base")
    (other,) = load_conversations({"n": 1, "turns": 4, "seed": 1, "pull": "You are drifting."}, "demo-base")
    assert other.turns[2] == "You are drifting."


def test_conversations_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "talk.jsonl"
    turns = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "And now?"},
    ]
    file.write_text(json.dumps({"messages": turns}) + "\n")
    (one,) = load_conversations({"conversations": str(file), "n": 5, "turns": 6}, "x")
    assert one.turns == ("Hello", "And now?")
    assert one.system == "Be kind."
    file.write_text('"only one turn"\n')
    with pytest.raises(BadInput, match="at least two user turns"):
        load_conversations({"conversations": str(file), "n": 5, "turns": 6}, "x")


def test_a_floor_that_is_neither_a_number_nor_a_percentile() -> None:
    with pytest.raises(UsageError, match="a finite number or a percentile such as p25"):
        report("axis-drift", voice(), {**ASKED, "floor": "high"})
