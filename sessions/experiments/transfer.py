"""Does a vector work on another model? Vectors × target models × signs, each with an unsteered and a
random control.

One model at a time, the loaded one first; a vector that does not fit a model gets a row with a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from core.errors import BadInput, UsageError
from core.jobs.job import Cell, Row, Steps
from sessions.experiments.common import prompts, statistics
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, ModelSampler, SamplePrompt
from sessions.experiments.compare import matrix
from sessions.experiments.scoring import conditions
from sessions.experiments.scoring.answers import answer_prompts
from sessions.experiments.scoring.conditions import MINUS, PLUS, RANDOM, UNSTEERED
from sessions.experiments.scoring.scoring import make_scorer

BOTH_WAYS = f"{PLUS} minus {MINUS}"
CHANCE = f"{RANDOM} minus {UNSTEERED}"
BOUNDS = (f"{BOTH_WAYS}_lo", f"{BOTH_WAYS}_hi")


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    sources, targets = _split_names(params["vectors"]), _split_names(params["models"])
    if not sources:
        raise UsageError("transfer needs vectors: names or files, with commas between them")
    prompt_list = prompts.load_prompts(params, sampler.name)
    settings = GenerationSettings.from_params(params)
    cells = len(sources) * (1 + len(targets))
    cost = RunCost.of_batches(cells * len(prompt_list), 4, settings.max_new_tokens)
    yield (
        cost + make_scorer(params["measure"], sampler, params).cost(cost.answers, settings.max_new_tokens)
    ).row()
    found: dict[str, dict[str, Any]] = {}
    for name in (None, *targets):
        target = sampler if name is None else (yield from sampler.load_other(name))
        for source in sources:
            cell = yield from _measure_cell(target, source, prompt_list, settings, params)
            found[f"{source} on {target.name}"] = cell
    yield from _cell_rows(found)
    carried = {name: cell["carries"] for name, cell in found.items()}
    random = {name: cell["random"] for name, cell in found.items()}
    missing = sum(cell.get("missing", 0) for cell in found.values())
    return {
        "summary": {"carries": carried, "cells": found, "missing": missing},
        "control": {"what": "a random direction of the same norms and gaps", "differences": random},
        "n": len(prompt_list),
    }


def _split_names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _measure_cell(
    target: ModelSampler,
    source: str,
    prompt_list: Sequence[SamplePrompt],
    settings: GenerationSettings,
    params: Mapping[str, Any],
) -> Steps[dict[str, Any]]:
    """One vector on one model, with both signs."""
    try:
        channel = conditions.vector_channel(target, params, target.vector(source))
    # One vector that does not fit must not end the whole table.
    except BadInput as misfit:
        note = {"vector": source, "model": target.name, "note": str(misfit)}
        yield Row("transfer", f"{source} on {target.name}", note)
        return {"p": None, "random": None, "note": str(misfit)}
    all_conditions = conditions.standard_conditions(target, channel, settings.seed)
    scorer = make_scorer(params["measure"], target, params)
    answers_by_condition = yield from answer_prompts(
        target, prompt_list, all_conditions, settings, vector=channel.vector
    )
    measure = yield from scorer.score_answers(answers_by_condition)
    facts = {name: {"vector": source, "model": target.name, "sign": name} for name in answers_by_condition}
    yield from matrix.compare_conditions("transfer", answers_by_condition, [measure], settings.seed, facts)
    both = statistics.paired_difference(
        measure.all(answers_by_condition[PLUS]), measure.all(answers_by_condition[MINUS]), settings.seed
    )
    chance = matrix.paired_differences(answers_by_condition, measure, settings.seed)[RANDOM]
    if both.estimate.value is not None:
        yield Cell(f"{measure.name}: {BOTH_WAYS}", source, target.name, both.estimate.value)
    return {
        "measure": measure.name,
        "missing": scorer.count_missing(answers_by_condition, measure),
        UNSTEERED: measure.estimate(answers_by_condition[UNSTEERED], settings.seed).to_json(),
        **both.columns(BOTH_WAYS),
        "n": both.estimate.n,
        "random": chance.columns(),
    }


def _cell_rows(found: Mapping[str, dict[str, Any]]) -> Iterator[Row]:
    """One row per cell; p is Holm-corrected over all cells."""
    # Corrected over all cells, because any of them may be picked out.
    p_holm = statistics.holm_adjusted({name: cell["p"] for name, cell in found.items()})
    for name, cell in found.items():
        p = p_holm[name]
        cell |= {"p_holm": p, "carries": None if p is None else p < 0.05}
        if "note" not in cell:
            shown = {key: cell[key] for key in ("n", BOTH_WAYS, *BOUNDS, "p", "p_holm", "carries")}
            chance = {f"{CHANCE}{end}": cell["random"][f"difference{end}"] for end in ("", "_lo", "_hi")}
            yield Row("cells", name, {"cell": name, **shown, **chance})
