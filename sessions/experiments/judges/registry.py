"""All judges by name: a new one is one line. A judge that needs a key refuses here, before anything was generated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from core import demo
from core.errors import UsageError
from sessions.experiments.judges.claude import ClaudeJudge
from sessions.experiments.judges.hints import DEMO_HINTS, HintJudge
from sessions.experiments.judges.lexical import QuestionJudge, WordJudge
from sessions.experiments.judges.propensity import PropensityJudge, continuations
from sessions.experiments.judges.resident import ResidentJudge
from sessions.experiments.judges.rubric import rubric
from sessions.experiments.judges.verdict import Judge
from sessions.experiments.voice import Voice

Params = Mapping[str, Any]
Maker = Callable[[Voice, Params], Judge]


def _claude(aspect: str, voice: Voice, params: Params) -> Judge:
    return ClaudeJudge(talk(params), _rubric(aspect, params), claude_model(params))


def _resident(aspect: str, voice: Voice, params: Params) -> Judge:
    if voice.name in demo.NAMES:
        raise UsageError("the demo models cannot be asked for a score: --judge hints")
    return ResidentJudge(voice, _rubric(aspect, params))


def _hints(voice: Voice, params: Params) -> Judge:
    name, opposite = params.get("trait"), params.get("opposite")
    if not name:
        return HintJudge(voice, DEMO_HINTS)
    return HintJudge(voice, (f"You are {name}.", f"You are {opposite or f'not {name}'}."))


def _propensity(voice: Voice, params: Params) -> Judge:
    if not params.get("contrast"):
        raise UsageError("a propensity judge needs pairs: --contrast SET")
    return PropensityJudge(voice, continuations(params["contrast"]))


def _words(voice: Voice, params: Params) -> Judge:
    positive, negative = _listed(params, "trait"), _listed(params, "opposite")
    if not positive or not negative:
        raise UsageError("a judge of words needs both lists: --trait plan,step --opposite nap,cloud")
    return WordJudge(positive, negative)


JUDGES: Mapping[str, Maker] = {
    **{f"claude-{aspect}": partial(_claude, aspect) for aspect in ("assistant", "coherence", "trait")},
    **{f"resident-{aspect}": partial(_resident, aspect) for aspect in ("assistant", "coherence", "trait")},
    "hints": _hints,
    "propensity": _propensity,
    "words": _words,
    "questions": lambda voice, params: QuestionJudge(),
}


def judge(name: str, voice: Voice, params: Params) -> Judge:
    if name not in JUDGES:
        raise UsageError(f"no judge {name!r}: one of {', '.join(JUDGES)}")
    return JUDGES[name](voice, params)


def talk(params: Params) -> Any:
    """A talk with Claude under the budget and the deadline of the parameters."""
    from vectors.claude.allowance import Allowance
    from vectors.claude.asking import Claude

    return Claude(Allowance(params.get("budget"), params.get("deadline")))


def claude_model(params: Params) -> str:
    from vectors.claude.pricing import DEFAULT_MODEL

    return str(params.get("claude") or DEFAULT_MODEL)


def _rubric(aspect: str, params: Params) -> Any:
    return rubric(aspect, str(params.get("trait") or ""), str(params.get("opposite") or ""))


def _listed(params: Params, name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in str(params.get(name) or "").split(",") if word.strip())
