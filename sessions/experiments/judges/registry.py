"""All judges by name: a new one is one line. A judge that needs a key fails here, before anything is
generated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from core.demo.demo_world import world_of
from core.errors import UsageError
from sessions.experiments.common.sampler import ModelSampler
from sessions.experiments.judges.claude import ClaudeJudge
from sessions.experiments.judges.harmonic import HarmonicJudge, concept_rubrics
from sessions.experiments.judges.hints import DEMO_HINTS, HintJudge
from sessions.experiments.judges.lexical import QuestionJudge, WordJudge
from sessions.experiments.judges.propensity import PropensityJudge, continuation_pairs
from sessions.experiments.judges.resident import ResidentJudge
from sessions.experiments.judges.rubric import Rubric, find_rubric
from sessions.experiments.judges.verdict import Judge

Params = Mapping[str, Any]
Maker = Callable[[ModelSampler, Params], Judge]
Asker = Callable[[Rubric], Judge]
Who = Callable[[ModelSampler, Params], Asker]
ASPECTS = ("assistant", "coherence", "trait")


def _claude_asker(sampler: ModelSampler, params: Params) -> Asker:
    """One Claude client for all questions, so that they share its budget."""
    claude, model = open_claude(params), claude_model(params)
    return lambda rubric: ClaudeJudge(claude, rubric, model)


def _resident_asker(sampler: ModelSampler, params: Params) -> Asker:
    # Trained on their own small world, they cannot follow such an instruction.
    if world_of(sampler.name):
        raise UsageError("the demo models cannot be asked for a score: --judge hints")
    return partial(ResidentJudge, sampler)


def _rubric_judge(who: Who, aspect: str, sampler: ModelSampler, params: Params) -> Judge:
    named = str(params.get("trait") or ""), str(params.get("opposite") or "")
    return who(sampler, params)(find_rubric(aspect, *named))


def _harmonic_judge(who: Who, name: str, sampler: ModelSampler, params: Params) -> Judge:
    asker = who(sampler, params)
    concept = str(params.get("trait") or "")
    if not concept.strip():
        raise UsageError("a harmonic judge needs the concept: --trait determination")
    return HarmonicJudge(
        f"{name} harmonic", {part: asker(rubric) for part, rubric in concept_rubrics(concept).items()}
    )


def _hint_judge(sampler: ModelSampler, params: Params) -> Judge:
    name, opposite = params.get("trait"), params.get("opposite")
    if not name:
        return HintJudge(sampler, DEMO_HINTS)
    return HintJudge(sampler, (f"You are {name}.", f"You are {opposite or f'not {name}'}."))


def _propensity_judge(sampler: ModelSampler, params: Params) -> Judge:
    if not params.get("contrast"):
        raise UsageError("a propensity judge needs pairs: --contrast SET")
    return PropensityJudge(sampler, continuation_pairs(params["contrast"]))


def _word_judge(sampler: ModelSampler, params: Params) -> Judge:
    positive, negative = _split_words(params, "trait"), _split_words(params, "opposite")
    if not positive or not negative:
        raise UsageError("a judge of words needs both lists: --trait plan,step --opposite nap,cloud")
    return WordJudge(positive, negative)


JUDGES: Mapping[str, Maker] = {
    **{f"claude-{aspect}": partial(_rubric_judge, _claude_asker, aspect) for aspect in ASPECTS},
    "claude-harmonic": partial(_harmonic_judge, _claude_asker, "claude"),
    **{f"resident-{aspect}": partial(_rubric_judge, _resident_asker, aspect) for aspect in ASPECTS},
    "resident-harmonic": partial(_harmonic_judge, _resident_asker, "resident"),
    "hints": _hint_judge,
    "propensity": _propensity_judge,
    "words": _word_judge,
    "questions": lambda voice, params: QuestionJudge(),
}


def judge(name: str, sampler: ModelSampler, params: Params) -> Judge:
    if name not in JUDGES:
        raise UsageError(f"no judge {name!r}: one of {', '.join(JUDGES)}")
    return JUDGES[name](sampler, params)


def open_claude(params: Params) -> Any:
    """A Claude client with the budget and the deadline of the parameters."""
    from vectors.claude.allowance import Allowance
    from vectors.claude.asking import ClaudeClient

    return ClaudeClient(Allowance(params.get("budget"), params.get("deadline")))


def claude_model(params: Params) -> str:
    from vectors.claude.pricing import DEFAULT_MODEL

    return str(params.get("claude") or DEFAULT_MODEL)


def _split_words(params: Params, name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in str(params.get(name) or "").split(",") if word.strip())
