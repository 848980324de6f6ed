"""Three scores and their harmonic mean: by hand, through the real SDK, by the model itself, and with gaps."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageError
from core.jobs.resume import FinishedTasks
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.judges.harmonic import TOP, combine_judgements, concept_rubrics, harmonic_mean
from sessions.experiments.judges.registry import judge
from sessions.experiments.judges.resident import ResidentJudge
from sessions.experiments.judges.verdict import Judgement, part_columns
from sessions.experiments.scoring import judging
from tests.claude_server import Body, ClaudeServer
from tests.sessions.experiments import running
from tests.sessions.experiments.judges.test_claude_judge import asked, done, items
from tests.sessions.experiments.judges.test_offline_judges import Scale
from tests.sessions.experiments.scripted import ScriptedVoice, dose

CONCEPT = {"trait": "determination"}
QUESTIONS = {
    "concept": "is in the answer: determination",
    "instruction": "what its prompt asks",
    "fluency": "fluent is",
}


def test_by_hand() -> None:
    assert [harmonic_mean(scores) for scores in ([2, 2, 2], [2, 1, 2], [1, 1, 1], [2, 2, 0])] == [
        2,
        1.5,
        1,
        0,
    ]


def test_it_lies_between_the_least_and_the_mean_and_any_order_is_the_same() -> None:
    for scores in itertools.product((0, 1, 2), repeat=3):
        found = harmonic_mean(scores)
        assert min(scores) <= found + 1e-12 <= sum(scores) / 3 + 2e-12
        assert found == pytest.approx(harmonic_mean(scores[::-1]))


def test_a_text_that_is_all_concept_and_no_answer_is_worth_nothing() -> None:
    found = combine_judgements(
        {"concept": Judgement(2.0), "instruction": Judgement(0.0), "fluency": Judgement(2.0)}
    )
    assert found.value == 0
    assert found.parts == {"concept": 2, "instruction": 0, "fluency": 2}


def test_what_lacks_a_part_is_missing_and_its_other_parts_are_kept() -> None:
    found = combine_judgements(
        {"concept": Judgement(2.0), "instruction": Judgement(None, "unparsed: x"), "fluency": Judgement(1.0)}
    )
    assert (found.value, found.why) == (None, "instruction: unparsed: x")
    means = part_columns([found, Judgement(2.0, "", dict.fromkeys(QUESTIONS, 2.0))])
    assert (means["concept"], means["instruction"], means["fluency"]) == (2, 2, 1.5)


def scored(body: Body) -> dict[str, Any]:
    """`2 1 0` in an answer is what each question is answered with, in their order."""
    text = asked(body)
    place = next(number for number, words in enumerate(QUESTIONS.values()) if words in text)
    return {"reason": "r", "score": int(text.split("scores ")[1].split()[place])}


def test_claude_is_asked_three_questions_of_every_answer(claude_server: ClaudeServer) -> None:
    claude_server.answer(scored)
    one = judge("claude-harmonic", None, CONCEPT)  # type: ignore[arg-type]
    verdicts = done(one.judge(items("scores 2 1 2", "scores 2 2 0", "scores 2 2 2")))
    assert [verdict.value for verdict in verdicts] == [1.5, 0, 2]
    assert len(claude_server.requests) == 9
    assert (one.low, one.high) == (0, TOP)


def test_a_score_beyond_two_is_a_gap_and_never_a_number(claude_server: ClaudeServer) -> None:
    claude_server.answer(scored)
    found = done(judge("claude-harmonic", None, CONCEPT).judge(items("scores 3 2 2", "scores 2 -1 2")))  # type: ignore[arg-type]
    assert [verdict.value for verdict in found] == [None, None]
    assert [verdict.why.split(":")[0] for verdict in found] == ["concept", "instruction"]


def test_its_cost_is_that_of_three_questions_under_one_budget(claude_server: ClaudeServer) -> None:
    one: Any = judge("claude-harmonic", None, CONCEPT)  # type: ignore[arg-type]
    plain = judge("claude-coherence", None, {})  # type: ignore[arg-type]
    assert judging.judging_cost(one, 10, 60).judge_calls == 30
    assert (judging.judging_cost(one, 10, 60).judge_dollars or 0) > 2 * (
        judging.judging_cost(plain, 10, 60).judge_dollars or 0
    )
    assert len({id(part.claude) for part in one.parts.values()}) == 1


def test_it_needs_a_concept(claude_server: ClaudeServer) -> None:
    with pytest.raises(UsageError, match="--trait"):
        judge("claude-harmonic", None, {})  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(TOP + 1))
def test_the_model_itself_is_asked_for_numbers_up_to_two(number: int) -> None:
    voice: Any = Scale(number)
    (verdict,) = done(
        ResidentJudge(voice, concept_rubrics("determination")["fluency"]).judge(items("an answer"))
    )
    assert verdict.value == pytest.approx(number, abs=1e-6)
    assert "from 0 to 2" in voice.prompts[0].text
    (whole,) = done(judge("resident-harmonic", voice, CONCEPT).judge(items("an answer")))
    assert whole.value == pytest.approx(number, abs=1e-5)


def says(prompt: SamplePrompt, mixer: Mixer) -> str:
    """More concept with more of the vector, until the instruction is forgotten."""
    x = dose(mixer)
    return (
        "scores 2 0 2 all of it" if x > 1 else "scores 2 2 2 well said" if x > 0.5 else "scores 0 2 2 as ever"
    )


def swept(steps: Path, **more: Any) -> dict[str, Any]:
    params = {
        "vector": "scripted",
        "prompts": "english",
        "n": 4,
        "measure": "claude-harmonic",
        **CONCEPT,
        **more,
    }
    return running.report("sweep", ScriptedVoice(says), params, finished=FinishedTasks(steps))


def test_a_sweep_finds_the_dose_at_which_all_three_are_there(
    claude_server: ClaudeServer, tmp_path: Path
) -> None:
    claude_server.answer(scored)
    found = swept(tmp_path / "steps")
    assert found["summary"]["sweet_spot"]["level"] == 1.0
    assert (found["summary"]["held_out"]["level"], found["summary"]["held_out"]["difference"]) == (1.0, 2.0)
    rows = running.table(found, "judge")
    assert (rows["claude harmonic · +2"]["concept"], rows["claude harmonic · +2"]["instruction"]) == (2, 0)
    assert running.table(found, "doses")["random +1"]["difference"] == 0
    before = len(claude_server.requests)
    assert swept(tmp_path / "steps") == found
    assert len(claude_server.requests) == before, "what was judged is not asked again"


def test_answers_that_are_scored_alike_differ_by_nothing(claude_server: ClaudeServer, tmp_path: Path) -> None:
    claude_server.answer(lambda body: {"reason": "r", "score": 1})
    found = swept(tmp_path / "steps")
    assert all(row.get("difference") in (None, 0) for row in running.table(found, "doses").values())
