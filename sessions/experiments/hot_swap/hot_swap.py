"""Jekyll and Hyde: the vector's sign is flipped in the middle of a text. Does the text switch, and at what
cost?

All lanes of a batch share the prompt and the random numbers, so flipped and unflipped texts are equal
token by token up to the flip. Baselines: no flip, to zero, the other sign from the start, random
vectors flipped, no steering.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.demo.demo_world import world_of
from core.errors import UsageError
from core.jobs.job import Progress, Steps, task_group
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common import prompts
from sessions.experiments.common.cost import RunCost
from sessions.experiments.common.sampler import (
    AnswerReading,
    GenerationSettings,
    LaneEdit,
    ModelSampler,
    SamplePrompt,
)
from sessions.experiments.hot_swap.flips import (
    FLIP,
    FLIPPED,
    STAY,
    THROUGHOUT,
    TO_ZERO,
    FlipTable,
    cut_answer,
)
from sessions.experiments.hot_swap.swapping import scale_ramp
from sessions.experiments.judges.verdict import JudgedItem, cache_digest
from sessions.experiments.scoring import conditions, judging
from sessions.experiments.scoring.answers import SampledAnswer, generate_answers, with_prompt_seed
from sessions.experiments.scoring.conditions import UNSTEERED, Condition
from sessions.experiments.scoring.measures import measure


@dataclass(frozen=True)
class FlipSchedule:
    """When the sign flips: at token `at`, in `ramp_tokens` steps, and back again after `back` tokens (0:
    never).
    """

    at: int
    ramp_tokens: int = 1
    back: int = 0

    def __post_init__(self) -> None:
        if self.at < 1:
            raise UsageError("a flip needs at least one token before it: --at N")
        if 0 < self.back < self.ramp_tokens:
            raise UsageError("the flip back would start before the ramp ends: --back must be at least --ramp")

    def facts(self) -> dict[str, Any]:
        return {"by": "tokens from the flip", "at": self.at, "ramp": self.ramp_tokens, "back": self.back}

    def scales(self, start: float, end: float) -> dict[int, float]:
        """Token → scale from that token on."""
        found = {self.at + step: scale for step, scale in enumerate(scale_ramp(start, end, self.ramp_tokens))}
        if self.back:
            there = self.at + self.back
            found |= {
                there + step: scale for step, scale in enumerate(scale_ramp(end, start, self.ramp_tokens))
            }
        return found


def experiment(voice: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    played = conditions.vector_channel(voice, params)
    if played.scale == 0:
        raise UsageError("a scale of 0 has no other sign: --scale X")
    score = FlipSchedule(params["at"], params["ramp"] or 1, params["back"])
    asked = prompts.load_prompts({**params, "prompts": params["prompts"] or _default_pack(voice)}, voice.name)
    how = GenerationSettings.from_params(params, score.at + params["after"], params["cache"])
    wanted = measure(params["measure"], voice.name)
    cast = FlipLanes.of(
        played, conditions.random_channels(voice, played, how.seed, params["controls"]), score
    )
    judge = judging.choose_judge(voice, params)
    spoken = RunCost.of_batches(len(asked), len(cast.lanes), how.max_new, rereads=3)
    yield (spoken + judging.judging_cost(judge, 2 * len(asked) * len(cast.lanes), how.max_new)).row()
    yield from judging.announce_judge(judge)
    table = yield from _generate_flipped(voice, asked, cast, how)
    scales = {layer: voice.residual[layer] for layer in played.layers or played.vector.layers}
    rows = FlipTable(table, score.at, params["window"], wanted, how.seed, scales)
    yield from rows.events()
    found = yield from judging.judge_conditions(
        judge, _half_items(asked, table, score.at), f"{STAY}, after", how.seed
    )
    summary = {**rows.summary(), "vector": played.label, **score.facts(), "cache": how.cache, **found}
    return {"summary": summary, "control": rows.control(), "n": len(asked)}


@dataclass(frozen=True)
class FlipLanes:
    """The lanes and the edits made to them, all lanes in one order."""

    vector: Any
    schedule: FlipSchedule
    lanes: Sequence[Condition]
    edits: Sequence[LaneEdit]

    @classmethod
    def of(cls, played: Channel, randoms: Mapping[str, Channel], score: FlipSchedule) -> FlipLanes:
        return cls(
            played.vector,
            score,
            _flip_conditions(played, randoms),
            _flip_edits(played, list(randoms.values()), score),
        )

    @property
    def flipped_mixers(self) -> Sequence[Mixer]:
        """The mixer of every lane once the flip is complete."""
        # The last edit of the ramp completes the flip; later edits flip back.
        return self.edits[self.schedule.ramp_tokens - 1].mixers


def _generate_flipped(
    voice: ModelSampler, asked: Sequence[SamplePrompt], cast: FlipLanes, how: GenerationSettings
) -> Steps[dict[str, list[SampledAnswer]]]:
    """{condition: one text per prompt}."""
    table: dict[str, list[SampledAnswer]] = {condition.name: [] for condition in cast.lanes}
    for number, prompt in enumerate(asked):
        yield Progress(number, len(asked), "texts generated")
        drawn = with_prompt_seed(how, number)
        said = yield from generate_answers(
            voice, prompt, cast.lanes, drawn, cues=cast.edits, vector=cast.vector
        )
        for answer, mixer in zip(said, cast.flipped_mixers, strict=True):
            table[answer.condition].append(
                (yield from _reread_after_flip(voice, answer, mixer, cast.schedule.at))
            )
    yield Progress(len(asked), len(asked), "texts generated")
    return table


def _default_pack(voice: ModelSampler) -> str:
    """Stories for the demo models: their chat answers are too short to be flipped."""
    return "stories" if world_of(voice.name) else ""


def _flip_conditions(played: Channel, randoms: Mapping[str, Channel]) -> tuple[Condition, ...]:
    plus = Mixer((played,))
    return (
        Condition(FLIP, plus),
        Condition(STAY, plus),
        Condition(TO_ZERO, plus),
        Condition(THROUGHOUT, conditions.mixer_at_scale(played, -played.scale)),
        *(Condition(name + FLIPPED, Mixer((channel,))) for name, channel in randoms.items()),
        Condition(UNSTEERED, Mixer()),
    )


def _flip_edits(played: Channel, randoms: Sequence[Channel], score: FlipSchedule) -> list[LaneEdit]:
    """Every edit for all lanes, in the order of `_flip_conditions`."""
    s = played.scale
    turned, gone = score.scales(s, -s), score.scales(s, 0.0)
    # Lanes that do not flip get their own mixer again at every edit.
    rest = conditions.mixer_at_scale(played, s), conditions.mixer_at_scale(played, -s)
    return [
        LaneEdit(
            place,
            mixers=(
                conditions.mixer_at_scale(played, turned[place]),
                rest[0],
                conditions.mixer_at_scale(played, gone[place]),
                rest[1],
                *(conditions.mixer_at_scale(random, turned[place]) for random in randoms),
                Mixer(),
            ),
        )
        for place in sorted(turned)
    ]


def _reread_after_flip(
    voice: ModelSampler, answer: SampledAnswer, mixer: Mixer, at: int
) -> Steps[SampledAnswer]:
    """The answer with KL(steered ‖ unsteered) and entropy after the flip measured under the mixer in force
    there.
    """
    key = f"read on {cache_digest(voice.identity, str(mixer.to_json()), str(answer.prompt), str(answer.generated.ids))}"
    later = AnswerReading.from_json(
        (yield from task_group(key, partial(_reread_answer, voice, answer, mixer)))
    )
    # Tokens before the flip were read under the first mixer.
    kl = (*answer.reading.kl[:at], *later.kl[at:])
    entropy = (*answer.reading.entropy[:at], *later.entropy[at:])
    return replace(answer, reading=replace(answer.reading, kl=kl, entropy=entropy))


def _reread_answer(voice: ModelSampler, answer: SampledAnswer, mixer: Mixer) -> Steps[dict[str, Any]]:
    return (yield from voice.read(answer.prompt, answer.generated, mixer)).to_json()


def _half_items(
    asked: Sequence[SamplePrompt], table: Mapping[str, Sequence[SampledAnswer]], at: int
) -> dict[str, list[JudgedItem]]:
    """Both halves of every text as separate items, so that the judge cannot see the flip."""
    halves = {"before": (0, at), "after": (at, None)}
    return {
        f"{name}, {half}": [JudgedItem(answer.prompt, cut_answer(answer, *ends).text) for answer in said]
        for name, said in table.items()
        for half, ends in halves.items()
    }
