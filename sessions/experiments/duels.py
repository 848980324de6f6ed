"""Answers two by two: Claude says of every prompt which of two conditions' answers is better, in both orders.

Wins, losses and ties against the reference per condition; ties stay out of the exact test of ½, Holm over conditions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.jobs import Row
from sessions.experiments import statistics
from sessions.experiments.answers import Answer
from sessions.experiments.cost import Cost
from sessions.experiments.judges.pairwise import Duel, PairwiseJudge, score
from sessions.experiments.judges.registry import claude_model, talk
from sessions.experiments.voice import Work


def chosen(params: Mapping[str, Any]) -> PairwiseJudge | None:
    """`criterion` finishes the sentence "Which answer …"; a missing key is said here."""
    if not params.get("criterion"):
        return None
    return PairwiseJudge(talk(params), str(params["criterion"]), claude_model(params))


def cost(judge: PairwiseJudge | None, pairs: int, max_new: int) -> Cost:
    if judge is None:
        return Cost()
    bound = judge.cost(pairs, max_new)
    return Cost(judge_calls=bound.calls, judge_dollars=bound.dollars)


def fought(judge: PairwiseJudge | None, said: Mapping[str, Sequence[Answer]], reference: str) -> Work:
    """Table `duels`, a line per condition; returns how many pairs are missing a verdict."""
    if judge is None:
        return 0
    found: dict[str, Mapping[str, Any]] = {}
    for name, answers in said.items():
        if name != reference:
            pairs = zip(answers, said[reference], strict=True)
            verdicts = yield from judge.judge([Duel(a.prompt, a.text, b.text) for a, b in pairs])
            found[name] = score(verdicts)
    adjusted = statistics.holm({name: row["p"] for name, row in found.items()})
    for name, row in found.items():
        rate = row["win_rate"]
        shares = {"win rate": rate["value"], "win rate_lo": rate["lo"], "win rate_hi": rate["hi"]}
        counts = {key: row[key] for key in ("wins", "losses", "ties", "turned", "missing")}
        tested = {"p": row["p"], "p_holm": adjusted[name]}
        yield Row("duels", name, {"condition": name, "against": reference, **shares, **counts, **tested})
    return sum(row["missing"] for row in found.values())
