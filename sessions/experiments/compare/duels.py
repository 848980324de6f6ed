"""Pairwise comparison: for every prompt, Claude says which of two conditions' answers is better, in both
orders.

Wins, losses and ties against the reference per condition, and per group of prompts if there are
several; ties are left out of the exact test of ½; Holm's correction over the rows of a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.jobs.job import JobEvent, Point, Row, Steps
from sessions.experiments.common import statistics
from sessions.experiments.common.cost import RunCost
from sessions.experiments.judges.pairwise import AnswerPair, PairwiseJudge, tally_pairs
from sessions.experiments.judges.registry import claude_model, open_claude
from sessions.experiments.judges.verdict import Judgement
from sessions.experiments.scoring.answers import SampledAnswer

Doses = Mapping[str, tuple[str, float]]
"""Condition → (which vector, dose)."""
Fought = Mapping[str, Sequence[tuple[SampledAnswer, Judgement]]]


def pairwise_judge(params: Mapping[str, Any]) -> PairwiseJudge | None:
    """The judge, if a criterion was given (it completes "Which answer …"); a missing key is an error here."""
    if not params.get("criterion"):
        return None
    return PairwiseJudge(open_claude(params), str(params["criterion"]), claude_model(params))


def pairwise_cost(judge: PairwiseJudge | None, pairs: int, max_new: int) -> RunCost:
    if judge is None:
        return RunCost()
    bound = judge.cost(pairs, max_new)
    return RunCost(judge_calls=bound.calls, judge_dollars=bound.dollars)


def judge_pairs(
    judge: PairwiseJudge | None,
    answers_by_condition: Mapping[str, Sequence[SampledAnswer]],
    reference: str,
    doses: Doses,
) -> Steps[int]:
    """Judge all pairs and yield tables and curves; returns how many pairs have no verdict."""
    if judge is None:
        return 0
    judged_pairs: dict[str, Sequence[tuple[SampledAnswer, Judgement]]] = {}
    for name, answers in answers_by_condition.items():
        if name != reference:
            pairs = zip(answers, answers_by_condition[reference], strict=True)
            verdicts = yield from judge.judge([AnswerPair(a.prompt, a.text, b.text) for a, b in pairs])
            judged_pairs[name] = list(zip(answers, verdicts, strict=True))
    yield from _events(judged_pairs, reference, doses)
    return sum(verdict.value is None for pairs in judged_pairs.values() for _, verdict in pairs)


def _events(judged_pairs: Fought, reference: str, doses: Doses) -> Iterator[JobEvent]:
    scores = {
        (name, ""): tally_pairs([verdict for _, verdict in pairs]) for name, pairs in judged_pairs.items()
    }
    for (name, _), columns in _lines(scores).items():
        yield Row("duels", name, {"condition": name, "against": reference, **columns})
        yield from _point(doses.get(name), columns)
    yield from _by_group(judged_pairs, reference)
    for name, pairs in judged_pairs.items():
        for answer, verdict in pairs:
            facts = {"condition": name, "prompt": answer.prompt.id, "group": answer.prompt.group}
            values = {**facts, "value": verdict.value, "why": verdict.why}
            yield Row("duels: answers", f"{name} · {answer.prompt.id}", values)


def _by_group(judged_pairs: Fought, reference: str) -> Iterator[Row]:
    """Rows per group of prompts, if there are several groups."""
    groups = list(
        dict.fromkeys(answer.prompt.group for pairs in judged_pairs.values() for answer, _ in pairs)
    )
    if len(groups) < 2:
        return
    scores = {
        (name, group): tally_pairs([verdict for answer, verdict in pairs if answer.prompt.group == group])
        for group in groups
        for name, pairs in judged_pairs.items()
    }
    for (name, group), columns in _lines(scores).items():
        values = {"group": group, "condition": name, "against": reference, **columns}
        yield Row("duels by group", f"{group} · {name}", values)


def _lines(scores: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Columns of every score, with p corrected over all of them."""
    # Corrected over all rows of the table, because any of them may be picked out.
    adjusted = statistics.holm_adjusted({key: row["p"] for key, row in scores.items()})
    lines = {}
    for key, row in scores.items():
        rate = row["win_rate"]
        shares = {"win rate": rate["value"], "win rate_lo": rate["lo"], "win rate_hi": rate["hi"]}
        counts = {name: row[name] for name in ("wins", "losses", "ties", "turned", "missing")}
        lines[key] = {**shares, **counts, "p": row["p"], "p_holm": adjusted[key]}
    return lines


def _point(dose: tuple[str, float] | None, columns: Mapping[str, Any]) -> Iterator[Point]:
    """Win rate at a dose; none if every pair is a tie."""
    if dose and columns["win rate"] is not None:
        bounds = columns["win rate_lo"], columns["win rate_hi"]
        yield Point(f"win rate, {dose[0]}", dose[1], columns["win rate"], *bounds)
