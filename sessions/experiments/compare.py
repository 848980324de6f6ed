"""Two vectors on the same prompts, side by side, at the same three doses, beside none and a random one.

For reading as much as for counting: the report holds every prompt with its answers next to one another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.mixer import Channel, Mixer
from sessions.experiments import comparing, conditions, duels, prompts
from sessions.experiments.answers import all_answers
from sessions.experiments.conditions import RANDOM, UNSTEERED, Condition
from sessions.experiments.cost import Cost
from sessions.experiments.measures import MEASURES
from sessions.experiments.scoring import scorer
from sessions.experiments.voice import How, Voice, Work

DOSES = (-1.0, 0.5, 1.0)
"""In multiples of what a card suggests."""
BESIDE = ("length", "distinct-2", "nll", "kl")


def experiment(voice: Voice, params: Mapping[str, Any]) -> Work:
    names = [params["vector"], *([params["other"]] if params["other"] else [])]
    played = [conditions.channel(voice, params, voice.vector(name)) for name in names]
    asked = prompts.asked(params, voice.name)
    how = How.of(params)
    cast = [Condition(UNSTEERED, Mixer())]
    for channel in played:
        cast += _doses(channel, params["scales"])
    cast.append(Condition(RANDOM, Mixer((conditions.control(voice, played[0], how.seed),))))
    by = scorer(params["measure"], voice, params)
    judge = duels.chosen(params)
    spoken = Cost.of(len(asked), len(cast), how.max_new) + by.cost(len(asked) * len(cast), how.max_new)
    yield (spoken + duels.cost(judge, len(asked) * (len(cast) - 1), how.max_new)).row()
    said = yield from all_answers(voice, asked, cast, how, vector=played[0].vector)
    wanted = yield from by.over(said)
    measures = [wanted, *(MEASURES[name] for name in BESIDE if name != wanted.name)]
    yield from comparing.compared("compare", said, measures, how.seed)
    unsettled = yield from duels.fought(judge, said, UNSTEERED)
    tests = comparing.differences(said, wanted, how.seed)
    return {
        "summary": {
            "measure": wanted.name,
            "missing": by.missing(said, wanted) + unsettled,
            "vectors": [channel.label for channel in played],
            "differences": {n: test.columns() for n, test in tests.items() if n != RANDOM},
        },
        "control": {
            "what": "a random direction of the first vector's norms and gaps",
            **tests[RANDOM].columns(),
        },
        "n": len(asked),
    }


def _doses(channel: Channel, scales: tuple[float, ...] | None) -> list[Condition]:
    levels = scales or tuple(dose * channel.scale for dose in DOSES)
    return [
        Condition(f"{channel.label} {level:+g}", conditions.at(channel, level)) for level in levels if level
    ]
