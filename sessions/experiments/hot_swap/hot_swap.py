"""Jekyll and Hyde: the sign of the vector is turned in the middle of a text. Does the text go over, and at what cost?

All lanes of a batch share the prompt and the random numbers, so flipped and unflipped texts are the same token by token
up to the flip. Baselines: no flip, to zero, the other sign from the start, a random vector flipped, no steering.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core import demo
from core.errors import UsageError
from core.jobs.job import Progress, unit
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common import prompts
from sessions.experiments.common.cost import Cost
from sessions.experiments.common.sampler import Cue, How, Prompt, Reading, Voice, Work
from sessions.experiments.hot_swap.flips import FLIP, FLIPPED, STAY, THROUGHOUT, TO_ZERO, Flips, part
from sessions.experiments.hot_swap.swapping import ramp
from sessions.experiments.judges.verdict import Item, digest
from sessions.experiments.scoring import conditions, judging
from sessions.experiments.scoring.answers import Answer, answers, seeded
from sessions.experiments.scoring.conditions import UNSTEERED, Condition
from sessions.experiments.scoring.measures import measure


@dataclass(frozen=True)
class Score:
    """When the sign turns: at a token, over so many more, and back again after so many (0: never)."""

    at: int
    over: int = 1
    back: int = 0

    def __post_init__(self) -> None:
        if self.at < 1:
            raise UsageError("a flip needs at least one token before it: --at N")
        if 0 < self.back < self.over:
            raise UsageError(
                "the way back would begin before the ramp has ended: --back N of at least --ramp"
            )

    def facts(self) -> dict[str, Any]:
        return {"by": "tokens from the flip", "at": self.at, "ramp": self.over, "back": self.back}

    def scales(self, start: float, end: float) -> dict[int, float]:
        """Token → scale from there on."""
        found = {self.at + step: scale for step, scale in enumerate(ramp(start, end, self.over))}
        if self.back:
            there = self.at + self.back
            found |= {there + step: scale for step, scale in enumerate(ramp(end, start, self.over))}
        return found


def experiment(voice: Voice, params: Mapping[str, Any]) -> Work:
    played = conditions.channel(voice, params)
    if played.scale == 0:
        raise UsageError("a scale of 0 has no other sign: --scale X")
    score = Score(params["at"], params["ramp"] or 1, params["back"])
    asked = prompts.asked({**params, "prompts": params["prompts"] or _usual(voice)}, voice.name)
    how = How.of(params, score.at + params["after"], params["cache"])
    wanted = measure(params["measure"], voice.name)
    cast = Cast.of(played, conditions.controls(voice, played, how.seed, params["controls"]), score)
    judge = judging.chosen(voice, params)
    spoken = Cost.of(len(asked), len(cast.lanes), how.max_new, rereads=3)
    yield (spoken + judging.cost(judge, 2 * len(asked) * len(cast.lanes), how.max_new)).row()
    yield from judging.announced(judge)
    table = yield from _turned(voice, asked, cast, how)
    scales = {layer: voice.residual[layer] for layer in played.layers or played.vector.layers}
    rows = Flips(table, score.at, params["window"], wanted, how.seed, scales)
    yield from rows.events()
    found = yield from judging.judged(judge, _items(asked, table, score.at), f"{STAY}, after", how.seed)
    summary = {**rows.summary(), "vector": played.label, **score.facts(), "cache": how.cache, **found}
    return {"summary": summary, "control": rows.control(), "n": len(asked)}


@dataclass(frozen=True)
class Cast:
    """Who speaks, what changes when, and in which order."""

    vector: Any
    score: Score
    lanes: Sequence[Condition]
    cues: Sequence[Cue]

    @classmethod
    def of(cls, played: Channel, randoms: Mapping[str, Channel], score: Score) -> Cast:
        return cls(played.vector, score, _cast(played, randoms), _cues(played, list(randoms.values()), score))

    @property
    def turned(self) -> Sequence[Mixer]:
        """What plays in every lane when the turn is over."""
        return self.cues[self.score.over - 1].mixers


def _turned(voice: Voice, asked: Sequence[Prompt], cast: Cast, how: How) -> Work:
    """{condition: one text per prompt}."""
    table: dict[str, list[Answer]] = {condition.name: [] for condition in cast.lanes}
    for number, prompt in enumerate(asked):
        yield Progress(number, len(asked), "texts turned")
        drawn = seeded(how, number)
        said = yield from answers(voice, prompt, cast.lanes, drawn, cues=cast.cues, vector=cast.vector)
        for answer, mixer in zip(said, cast.turned, strict=True):
            table[answer.condition].append((yield from _read_on(voice, answer, mixer, cast.score.at)))
    yield Progress(len(asked), len(asked), "texts turned")
    return table


def _usual(voice: Voice) -> str:
    """Stories are long enough to be turned; the demo models' answers are hardly."""
    return "stories" if voice.name in demo.NAMES else ""


def _cast(played: Channel, randoms: Mapping[str, Channel]) -> tuple[Condition, ...]:
    plus = Mixer((played,))
    return (
        Condition(FLIP, plus),
        Condition(STAY, plus),
        Condition(TO_ZERO, plus),
        Condition(THROUGHOUT, conditions.at(played, -played.scale)),
        *(Condition(name + FLIPPED, Mixer((channel,))) for name, channel in randoms.items()),
        Condition(UNSTEERED, Mixer()),
    )


def _cues(played: Channel, randoms: Sequence[Channel], score: Score) -> list[Cue]:
    """Every change for all lanes, in the order of `_cast`."""
    s = played.scale
    turned, gone = score.scales(s, -s), score.scales(s, 0.0)
    rest = conditions.at(played, s), conditions.at(played, -s)
    return [
        Cue(
            place,
            mixers=(
                conditions.at(played, turned[place]),
                rest[0],
                conditions.at(played, gone[place]),
                rest[1],
                *(conditions.at(random, turned[place]) for random in randoms),
                Mixer(),
            ),
        )
        for place in sorted(turned)
    ]


def _read_on(voice: Voice, answer: Answer, mixer: Mixer, at: int) -> Work:
    """The answer with KL(steered ‖ unsteered) and entropy from the flip on under the mixer that plays there, reading
    it all."""
    key = f"read on {digest(voice.identity, str(mixer.to_json()), str(answer.prompt), str(answer.said.ids))}"
    later = Reading.from_json((yield from unit(key, partial(_again, voice, answer, mixer))))
    kl = (*answer.reading.kl[:at], *later.kl[at:])
    entropy = (*answer.reading.entropy[:at], *later.entropy[at:])
    return replace(answer, reading=replace(answer.reading, kl=kl, entropy=entropy))


def _again(voice: Voice, answer: Answer, mixer: Mixer) -> Work:
    return (yield from voice.read(answer.prompt, answer.said, mixer)).to_json()


def _items(asked: Sequence[Prompt], table: Mapping[str, Sequence[Answer]], at: int) -> dict[str, list[Item]]:
    """Either half of every text; a judge that sees both would be told what to find."""
    halves = {"before": (0, at), "after": (at, None)}
    return {
        f"{name}, {half}": [Item(answer.prompt, part(answer, *ends).text) for answer in said]
        for name, said in table.items()
        for half, ends in halves.items()
    }
