"""Two vectors on the same prompts, side by side, at the same three doses, beside none and a random one.

For reading as much as for counting: the report holds every prompt with its answers next to one another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.jobs.job import Event, Point
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common import prompts, statistics
from sessions.experiments.common.cost import Cost
from sessions.experiments.common.sampler import How, Voice, Work
from sessions.experiments.compare import duels, matrix
from sessions.experiments.scoring import coherence, conditions
from sessions.experiments.scoring.answers import Answer, all_answers
from sessions.experiments.scoring.conditions import RANDOM, UNSTEERED, Condition
from sessions.experiments.scoring.measures import MEASURES, Measure
from sessions.experiments.scoring.scoring import scorer

DOSES = (-1.0, 0.5, 1.0)
"""In multiples of what a card suggests."""
BESIDE = ("length", "distinct-2", "nll", "kl")
WHAT = "a random direction of the first vector's norms and gaps"


def experiment(voice: Voice, params: Mapping[str, Any]) -> Work:
    names = [params["vector"], *([params["other"]] if params["other"] else [])]
    played = [conditions.channel(voice, params, voice.vector(name)) for name in names]
    asked, how = prompts.asked(params, voice.name), How.of(params)
    doses = _doses(voice, played, params["scales"], how.seed)
    cast = [Condition(UNSTEERED, Mixer()), *(dose.condition for dose in doses)]
    by, judge = scorer(params["measure"], voice, params), duels.chosen(params)
    spoken = Cost.of(len(asked), len(cast), how.max_new) + by.cost(len(asked) * len(cast), how.max_new)
    yield (spoken + duels.cost(judge, len(asked) * len(doses), how.max_new)).row()
    said = yield from all_answers(voice, asked, cast, how, vector=played[0].vector)
    wanted = yield from by.over(said)
    yield from _compared(said, wanted, doses, how.seed)
    unsettled = yield from duels.fought(judge, said, UNSTEERED, {d.name: (d.who, d.level) for d in doses})
    tests = matrix.differences(said, wanted, how.seed)
    facts = {"measure": wanted.name, "by": "scale", "unit": played[0].unit}
    facts |= {"missing": by.missing(said, wanted) + unsettled, "vectors": [one.label for one in played]}
    facts["differences"] = {name: test.columns() for name, test in tests.items() if name != RANDOM}
    return {"summary": facts, "control": {"what": WHAT, **tests[RANDOM].columns()}, "n": len(asked)}


@dataclass(frozen=True)
class Dose:
    """A vector at a scale."""

    name: str
    who: str
    level: float
    mixer: Mixer

    @property
    def condition(self) -> Condition:
        return Condition(self.name, self.mixer)


def _doses(
    voice: Voice, played: Sequence[Channel], scales: tuple[float, ...] | None, seed: int
) -> list[Dose]:
    """All of either vector, and a random direction at the first one's own."""
    doses = []
    for channel in played:
        for level in scales or tuple(dose * channel.scale for dose in DOSES):
            if level:
                name = f"{channel.label} {level:+g}"
                doses.append(Dose(name, channel.label, level, conditions.at(channel, level)))
    first = played[0]
    return [*doses, Dose(RANDOM, RANDOM, first.scale, Mixer((conditions.control(voice, first, seed),)))]


def _compared(
    said: Mapping[str, Sequence[Answer]], wanted: Measure, doses: Sequence[Dose], seed: int
) -> Iterator[Event]:
    """The table, and over the doses how many texts are whole: who loses may have lost by breaking."""
    measures = [wanted, *(MEASURES[name] for name in BESIDE if name != wanted.name)]
    whole = {
        name: statistics.estimate(coherence.whole(answers, said[UNSTEERED]), seed, shares=True)
        for name, answers in said.items()
    }
    facts = {name: found.columns("coherence") for name, found in whole.items()}
    yield from matrix.compared("compare", said, measures, seed, facts)
    for dose in doses:
        found = whole[dose.name]
        yield Point(f"coherence, {dose.who}", dose.level, found.value or 0.0, found.lo, found.hi)
