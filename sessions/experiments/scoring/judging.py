"""A judge next to an experiment's other measures: created before anything is generated, called when all
answers exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.jobs.job import Row, Steps
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import ModelSampler
from sessions.experiments.common.statistics import paired_difference
from sessions.experiments.judges.claude import ClaudeJudge
from sessions.experiments.judges.harmonic import HarmonicJudge
from sessions.experiments.judges.registry import judge
from sessions.experiments.judges.verdict import (
    Judge,
    JudgedItem,
    Judgement,
    missing_reasons,
    part_columns,
    tally_judgements,
)


def choose_judge(sampler: ModelSampler, params: Mapping[str, Any]) -> Judge | None:
    """The requested judge; a missing key or trait fails here, not after an hour of generation."""
    return judge(params["judge"], sampler, params) if params.get("judge") else None


def judging_cost(one: Judge | None, count: int, max_new: int) -> RunCost:
    """Cost of judging `count` answers; of a judge with several questions, the sum over them."""
    if one is None:
        return RunCost()
    if isinstance(one, HarmonicJudge):
        return sum((judging_cost(part, count, max_new) for part in one.parts.values()), RunCost())
    dollars = one.cost(count, max_new).dollars if isinstance(one, ClaudeJudge) else 0.0
    return RunCost(judge_calls=count, judge_dollars=dollars)


def announce_judge(one: Judge | None) -> Iterator[Row]:
    """A row, before anything is sent, saying which model judges and where the texts go."""
    if isinstance(one, HarmonicJudge):
        for part in one.parts.values():
            yield from announce_judge(part)
    if isinstance(one, ClaudeJudge):
        from vectors.claude.access import server_host

        yield Row("judge", one.name, {"judge": one.name, "model": one.model, "sent to": server_host()})


def judge_conditions(
    one: Judge | None, items_by_condition: Mapping[str, Sequence[JudgedItem]], reference: str, seed: int
) -> Steps[dict[str, Any]]:
    """One row per condition in table `judged`, with its difference to the reference; returns the number of
    missing scores.
    """
    if one is None:
        return {}
    table: dict[str, list[Judgement]] = {}
    for name, items in items_by_condition.items():
        table[name] = yield from one.judge(items)
    values = {name: [verdict.value for verdict in verdicts] for name, verdicts in table.items()}
    missing = 0
    for name, verdicts in table.items():
        found = tally_judgements(verdicts, seed)
        missing += found["missing"]
        difference = (
            paired_difference(values[name], values[reference], seed).columns() if name != reference else {}
        )
        scores = {"score": found["value"], "score_lo": found["lo"], "score_hi": found["hi"], "n": found["n"]}
        scores |= {"missing": found["missing"], "why": missing_reasons(found), **difference}
        yield Row("judged", name, {"condition": name, **scores, **part_columns(verdicts, seed)})
    yield from _answer_rows(items_by_condition, table)
    return {"judge": one.name, "about": one.about, "missing": missing}


def _answer_rows(
    items_by_condition: Mapping[str, Sequence[JudgedItem]], table: Mapping[str, Sequence[Judgement]]
) -> Iterator[Row]:
    """One row per answer, with the judge's reason."""
    for name, items in items_by_condition.items():
        for item, verdict in zip(items, table[name], strict=True):
            values = {"condition": name, "prompt": item.prompt.id, "score": verdict.value, "why": verdict.why}
            yield Row("judged: answers", f"{name} · {item.prompt.id}", {**values, **verdict.parts})
