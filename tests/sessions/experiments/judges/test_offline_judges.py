"""Judges without a key: planted texts they have to tell apart, and texts on which they have to say nothing."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest

from core.demo.world import prompts as world
from core.demo.world.speech import talk
from core.errors import UsageError
from core.jobs.job import Steps
from sessions.experiments.common.sampler import SamplePrompt
from sessions.experiments.judges.hints import HintJudge
from sessions.experiments.judges.lexical import QuestionJudge, WordJudge, text_flags
from sessions.experiments.judges.propensity import PropensityJudge, continuation_pairs
from sessions.experiments.judges.registry import JUDGES, judge
from sessions.experiments.judges.resident import ResidentJudge, expected_score
from sessions.experiments.judges.rubric import COHERENCE
from sessions.experiments.judges.verdict import JudgedItem
from tests.sessions.experiments.judges.test_claude_judge import done
from vectors.contrasts.catalogue import contrast

ASKED = SamplePrompt("p", ({"role": "user", "content": "Help me with the parser."},))


class Scale:
    """A voice that answers every question for a score with the same number."""

    name, identity = "scripted", "scripted"

    def __init__(self, number: int) -> None:
        self.number = number
        self.prompts: list[SamplePrompt] = []

    def text_logprobs(
        self, prompt: SamplePrompt, texts: Sequence[str], *, after: str = ""
    ) -> Steps[list[list[float]]]:
        yield from ()
        self.prompts.append(prompt)
        return [[0.0 if self._fits(text) else -30.0] for text in texts]

    def _fits(self, text: str) -> bool:
        """What begins with 1 may become 10: its probability contains that of 10."""
        return text == str(self.number) or (self.number == 10 and text == "1")


@pytest.mark.parametrize("number", range(11))
def test_a_resident_judge_says_what_the_model_means(number: int) -> None:
    voice: Any = Scale(number)
    (verdict,) = done(ResidentJudge(voice, COHERENCE).judge([JudgedItem(ASKED, "an answer")]))
    assert verdict.value == pytest.approx(number, abs=1e-6)
    assert "an answer" in voice.prompts[0].text
    assert "Help me with the parser." in voice.prompts[0].text


def test_a_model_without_a_clue_says_the_middle() -> None:
    even = [math.log(1 / 11)] * 11
    even[1] = math.log(2 / 11)
    assert expected_score(even) == pytest.approx(5)


def test_the_demo_models_are_not_asked_for_numbers() -> None:
    voice: Any = Scale(1)
    voice.name = "demo-base"
    with pytest.raises(UsageError, match="--judge hints"):
        judge("resident-coherence", voice, {})


def test_words_count_as_words() -> None:
    one = WordJudge(("cat",), ("eat",))
    verdicts = done(
        one.judge([JudgedItem(ASKED, text) for text in ("cat", "category great", "a cat may eat", "eat")])
    )
    assert [verdict.value for verdict in verdicts] == [1.0, None, 0.5, 0.0]


def test_questions_per_sentence() -> None:
    texts = ("One. Two? Three! Four?", "no end", "What?! Yes.", "")
    verdicts = done(QuestionJudge().judge([JudgedItem(ASKED, text) for text in texts]))
    assert [verdict.value for verdict in verdicts] == [0.5, None, 0.5, None]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I will stay with the parser until it is done.", ()),
        ("", ("empty",)),
        ("the the the the the the the", ("loops",)),
        ("next: next: next: next: next: next: next:", ("loops",)),
        ("one two one two three one one one one one four", ()),
        ("?!?!?!?! ... ;;;;;;;;", ("loops", "symbols")),
        ("we go on and on and we go on and on and we go on and on and we go on and on", ("repeats",)),
    ],
)
def test_flags(text: str, found: tuple[str, ...]) -> None:
    assert text_flags(text) == found


def test_every_judge_says_what_it_measures() -> None:
    assert {
        "claude-assistant",
        "claude-coherence",
        "claude-trait",
        "hints",
        "propensity",
        "words",
    } <= JUDGES.keys()
    for one in (
        WordJudge(("a",), ("b",)),
        QuestionJudge(),
        HintJudge(Scale(1)),
        ResidentJudge(Scale(1), COHERENCE),
    ):  # type: ignore[arg-type]
        assert one.about
        assert one.name


@pytest.fixture(scope="module")
def voice() -> Any:
    import core
    from sessions.experiments.scoring.model_sampler import TorchSampler

    return TorchSampler(core.load("demo-base"))


def planted(pool: Sequence[str], count: int = 6) -> list[JudgedItem]:
    """Answers written by the world's own grammar, so that their class is known."""
    chance = random.Random(4)
    scenes = world.task_requests(count, 8)
    return [
        JudgedItem(
            SamplePrompt(f"{n}", ({"role": "user", "content": asked},)),
            " ".join(scene.write_sentences(pool, 2, chance)),
        )
        for n, (scene, asked) in enumerate(scenes)
    ]


def values(work: Any) -> list[float]:
    return [verdict.value for verdict in done(work)]


def test_system_prompts_tell_the_classes_apart(voice: Any) -> None:
    one = HintJudge(voice)
    determined, drifting = (values(one.judge(planted(pool))) for pool in (talk.DETERMINED, talk.DRIFTING))
    assert min(determined) > max(drifting)
    neutral = HintJudge(voice, ("Keep it short.", "Keep it short."))
    assert values(neutral.judge(planted(talk.DETERMINED))) == [0.0] * 6


def test_a_story_has_no_system_prompt(voice: Any) -> None:
    story = JudgedItem(
        SamplePrompt("s", ({"role": "user", "content": "Once"},), raw=True), "He never stopped."
    )
    (verdict,) = done(HintJudge(voice).judge([story]))
    assert verdict.value is None
    assert "no system prompt" in verdict.why


def test_continuations_tell_the_classes_apart(voice: Any) -> None:
    one = PropensityJudge(voice, continuation_pairs("determined-drifting"))
    determined, drifting = (values(one.judge(planted(pool))) for pool in (talk.DETERMINED, talk.DRIFTING))
    assert sum(a > b for a, b in zip(determined, drifting, strict=True)) == 6
    same = PropensityJudge(voice, ((" so.", " so."),))
    assert values(same.judge(planted(talk.DETERMINED))) == [0.0] * 6


def test_forms_list_all_judges() -> None:
    from sessions.job_specs.dialogue import JUDGES as OFFERED

    assert tuple(JUDGES) == OFFERED


def told() -> list[str]:
    """Every narrative of our own English contrast set, none of them shorter than a flag needs."""
    return [str(text) for pair in contrast("motivation").pairs for text in (pair.positive, pair.negative)]


def test_what_people_wrote_is_not_flagged() -> None:
    texts = told()
    assert len(texts) >= 200
    assert not any(map(text_flags, texts))


@pytest.mark.parametrize("length", range(1, 9))
def test_a_story_that_begins_to_go_round_is(length: int) -> None:
    """The last words of each, over and over."""
    for text in told()[:40]:
        words = text.split()
        assert text_flags(" ".join(words + words[-length:] * 12)), text


def test_filler_that_goes_round_in_other_words_is_monotone() -> None:
    filler = "the new year of the studio and the year of the new studio and the new year of the year"
    assert text_flags(filler + " and the studio of the new") == ("monotone",)
    assert text_flags(" ".join(f"word{n}" for n in range(30))) == ()
