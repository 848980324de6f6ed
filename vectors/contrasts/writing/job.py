"""Jobs that make a new contrast set from parameters: written by Claude, or answered by a loaded model."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.jobs.job import Job, Row
from vectors.contrasts.catalogue import contrast
from vectors.contrasts.english import DECEPTIVE, HONEST
from vectors.contrasts.store import prepare_output
from vectors.contrasts.writing.brief import Params, parse_brief
from vectors.contrasts.writing.prompted import add_system_prompts

if TYPE_CHECKING:
    from core.model.model import Model
    from vectors.claude.pricing import ClaudeCost

SHARE = 1.5
"""Default budget as a multiple of the displayed bound, to leave room for pairs that must be written again."""


def writing_cost(params: Params) -> ClaudeCost:
    """Upper bound of the writing cost in calls, tokens and dollars."""
    from vectors.contrasts.writing.questions import cost_bound

    return cost_bound(parse_brief(params), claude_model(params))


def claude_model(params: Params) -> str:
    from vectors.claude.pricing import DEFAULT_MODEL

    return str(params.get("claude") or DEFAULT_MODEL)


def write_with_claude(params: Params) -> Job:
    """Job: Claude writes the set `set` to `out`; with `estimate` only the cost is reported."""
    brief, out, bound = parse_brief(params), prepare_output(str(params["out"])), writing_cost(params)
    if params.get("estimate"):
        yield Row("cost", "at most", asdict(bound))
        return {"name": brief.name, "pairs": 0, "cost": asdict(bound)}
    # Imported after the estimate, which needs neither the client nor a key.
    from vectors.claude.allowance import Allowance
    from vectors.claude.asking import ClaudeClient
    from vectors.contrasts.writing.by_claude import write_pairs

    budget = params.get("budget")
    if budget is None and bound.dollars is not None:
        budget = SHARE * bound.dollars
    claude = ClaudeClient(Allowance(budget, params.get("deadline")))
    try:
        return (yield from write_pairs(claude, brief, out, claude_model(params)))
    finally:
        claude.close()


def answer_with_model(model: Model, params: Params) -> Job:
    """Job: the loaded model answers both sides of `set`.

    With `positive` and `negative`, it answers the questions of the set under these two system prompts
    instead.
    """
    from vectors.contrasts.writing.by_model import answer_pairs

    found, out, duplicates = contrast(str(params["set"])), prepare_output(str(params["out"])), 0
    systems = [params.get(side) for side in ("positive", "negative")]
    if any(systems) and not all(systems):
        raise UsageError("two system prompts make two sides: give both --positive and --negative")
    # Stored answers are dropped; these two prompts make the model give both kinds again.
    if not any(systems) and found.shape == "answers":
        systems = [HONEST, DECEPTIVE]
    if all(systems):
        found, duplicates = add_system_prompts(found, str(systems[0]), str(systems[1]))
    summary = yield from answer_pairs(model, found, out, int(params["max_new"]), params.get("max_words"))
    return {**(summary or {}), "duplicates": duplicates}
