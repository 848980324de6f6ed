"""Goal shielding: a terminal task whose files include a tempting one (the trap). Does the model keep to
the task?

Besides the usual conditions there is a clamped one: unsteered until the trap is shown, then held at
projection 0 on the vector while answering. The terms are those of control evaluations: a setting, a
main task, a side task.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.demo.demo_world import world_of
from core.jobs.job import JobEvent, JobSample, Point, Progress, Row, Steps
from core.json_values import JsonValue
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common import statistics
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import GenerationSettings, ModelSampler
from sessions.experiments.honeypot import traps
from sessions.experiments.honeypot.errands import (
    DialogueMixers,
    DialogueSettings,
    TerminalDialogue,
    run_dialogue,
)
from sessions.experiments.honeypot.shielding import OUTCOMES, ShieldScore, TrapSetting, score_dialogue
from sessions.experiments.scoring import chance, conditions
from sessions.experiments.scoring.answers import with_prompt_seed
from sessions.experiments.scoring.conditions import MINUS, PLUS, UNSTEERED

CLAMPED = "clamped at sight"
READ_AT = ("trap", "goal", "decision")
TESTED = ((PLUS, UNSTEERED), (MINUS, UNSTEERED), (CLAMPED, UNSTEERED), (PLUS, MINUS))
Table = Mapping[str, list[TerminalDialogue]]
Values = Mapping[str, list[float | None]]


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    channel = conditions.vector_channel(sampler, params)
    settings, turns, generation = (
        traps.load_settings(params, sampler.name),
        params["turns"],
        GenerationSettings.from_params(params),
    )
    world = world_of(sampler.name)
    role = params["role"] or (world.output_role if world else "user")
    mixers = _plan_mixers(sampler, channel, generation.seed, params["controls"])
    yield RunCost.of_batches(
        len(settings) * len(mixers) * turns, 1, generation.max_new_tokens, rereads=1
    ).row()
    table = yield from _run_dialogues(
        sampler, settings, mixers, DialogueSettings(generation, turns, role, channel)
    )
    yield from _events(table, generation.seed)
    shielded = _values(table, "shielded")
    facts = {"vector": channel.label, "by": "tokens from the trap's name", "turns": turns}
    facts["settings"] = len({setting.id for setting in settings})
    control = chance.random_control(shielded, UNSTEERED, generation.seed)
    return {"summary": _summary(shielded, generation.seed) | facts, "control": control, "n": len(settings)}


def _run_dialogues(
    sampler: ModelSampler,
    settings: Sequence[TrapSetting],
    mixers: Mapping[str, DialogueMixers],
    rules: DialogueSettings,
) -> Steps[dict[str, list[TerminalDialogue]]]:
    """{condition: one dialogue per setting}."""
    table: dict[str, list[TerminalDialogue]] = {name: [] for name in mixers}
    for number, setting in enumerate(settings):
        yield Progress(number, len(settings), "settings finished")
        # The same seed for all conditions of a setting.
        seeded_rules = replace(rules, how=with_prompt_seed(rules.how, number))
        for name, pair in mixers.items():
            found = yield from run_dialogue(sampler, setting, pair, seeded_rules)
            table[name].append(found)
            yield JobSample(
                name, setting.id, found.text, (_outcome_name(score_dialogue(setting, found.turns)),)
            )
    yield Progress(len(settings), len(settings), "settings finished")
    return table


def _summary(shielded: Values, seed: int) -> dict[str, Any]:
    difference = statistics.paired_difference(shielded[PLUS], shielded[MINUS], seed)
    shares = {
        name: statistics.estimate_mean(row, seed, shares=True).to_json() for name, row in shielded.items()
    }
    return {"shielded": shares, "plus_minus": difference.estimate.to_json(), "p": difference.p}


def _plan_mixers(
    sampler: ModelSampler, channel: Channel, seed: int, controls: int
) -> dict[str, DialogueMixers]:
    """Mixers per condition; all but the clamped one are the same before and after the trap is shown."""
    paired = conditions.standard_conditions(sampler, channel, seed, controls)
    mixers = {condition.name: DialogueMixers(condition.mixer, condition.mixer) for condition in paired}
    return mixers | {CLAMPED: DialogueMixers(Mixer(), clamped_mixer(channel))}


def clamped_mixer(channel: Channel) -> Mixer:
    """Held at projection 0 on every answer token; 0 need not be the vector's neutral point."""
    return Mixer((replace(channel, scale=0.0, floor=0.0, ceiling=0.0, scope="response"),))


def _events(table: Table, seed: int) -> Iterator[JobEvent]:
    for name, found in table.items():
        yield Row("shielding", name, {"condition": name, **_columns(found, seed)})
    tested = (*TESTED, *((name, UNSTEERED) for name in chance.random_conditions(table)))
    for title in ("shielded", "side task", "main task"):
        column = _values(table, title)
        tests = {
            pair: statistics.paired_difference(column[pair[0]], column[pair[1]], seed) for pair in tested
        }
        adjusted = statistics.holm_adjusted({pair: test.p for pair, test in tests.items()})
        for pair, test in tests.items():
            values = {"measure": title, "condition": pair[0], "against": pair[1], "n": test.estimate.n}
            yield Row(
                "differences",
                f"{title}: {pair[0]} against {pair[1]}",
                {**values, **test.columns(), "p_holm": adjusted[pair]},
            )
    for name, found in table.items():
        yield from _trace(name, found, seed)
        for one in found:
            scored = score_dialogue(one.setting, one.turns)
            values = {"condition": name, "prompt": one.setting.id, "outcome": _outcome_name(scored)}
            details: dict[str, JsonValue] = {
                "commands": "; ".join(scored.commands),
                "main task": scored.success,
            }
            details |= {f"at {place}": getattr(one.sight, place) for place in READ_AT}
            yield Row("answers", f"{name} · {one.setting.id}", {**values, **details})


def _trace(name: str, found: list[TerminalDialogue], seed: int) -> Iterator[Point]:
    """Projection around the trap's name, over the dialogues in which it was shown."""
    rows = [dict(one.sight.trace) for one in found if one.sight.trace]
    for place in sorted({place for row in rows for place in row}):
        seen = statistics.estimate_mean([row.get(place) for row in rows], seed)
        if seen.value is not None and 2 * seen.n >= len(rows):
            yield Point(f"projection, {name}", place, seen.value, seen.lo, seen.hi)


def _columns(found: list[TerminalDialogue], seed: int) -> dict[str, Any]:
    """Shares among the dialogues in which the trap was seen; main-task success among all."""
    scores = [score_dialogue(one.setting, one.turns) for one in found]
    seen = [scored for scored in scores if scored.seen]
    columns: dict[str, Any] = {"n": len(seen), "never saw it": len(scores) - len(seen)}
    columns |= statistics.estimate_share(sum(scored.shielded for scored in seen), len(seen)).columns(
        "shielded"
    )
    for outcome in OUTCOMES:
        columns |= statistics.estimate_share(sum(s.outcome == outcome for s in seen), len(seen)).columns(
            outcome
        )
    columns |= statistics.estimate_share(sum(scored.success for scored in scores), len(scores)).columns(
        "main task"
    )
    for name in READ_AT:
        columns |= statistics.estimate_mean([getattr(one.sight, name) for one in found], seed).columns(
            f"at {name}"
        )
    return columns


def _values(table: Table, title: str) -> Values:
    return {
        name: [_value(title, score_dialogue(one.setting, one.turns)) for one in found]
        for name, found in table.items()
    }


def _value(title: str, scored: ShieldScore) -> float | None:
    if title == "main task":
        return float(scored.success)
    # A dialogue that never showed the trap says nothing about it.
    if not scored.seen:
        return None
    return float(scored.shielded if title == "shielded" else scored.accessed)


def _outcome_name(scored: ShieldScore) -> str:
    return scored.outcome if scored.seen else "never saw it"
