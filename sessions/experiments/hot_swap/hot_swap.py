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
from core.mixer.effects import named_layers
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
            back_at = self.at + self.back
            found |= {
                back_at + step: scale for step, scale in enumerate(scale_ramp(end, start, self.ramp_tokens))
            }
        return found


def experiment(sampler: ModelSampler, params: Mapping[str, Any]) -> Steps[dict[str, Any]]:
    channel = conditions.vector_channel(sampler, params)
    if channel.scale == 0:
        raise UsageError("a scale of 0 has no other sign: --scale X")
    schedule = FlipSchedule(params["at"], params["ramp"] or 1, params["back"])
    prompt_list = prompts.load_prompts(
        {**params, "prompts": params["prompts"] or _default_pack(sampler)}, sampler.name
    )
    settings = GenerationSettings.from_params(params, schedule.at + params["after"], params["cache"])
    chosen_measure = measure(params["measure"], sampler.name)
    lanes = FlipLanes.of(
        channel, conditions.random_channels(sampler, channel, settings.seed, params["controls"]), schedule
    )
    judge = judging.choose_judge(sampler, params)
    cost = RunCost.of_batches(len(prompt_list), len(lanes.lanes), settings.max_new_tokens, rereads=3)
    yield (
        cost + judging.judging_cost(judge, 2 * len(prompt_list) * len(lanes.lanes), settings.max_new_tokens)
    ).row()
    yield from judging.announce_judge(judge)
    table = yield from _generate_flipped(sampler, prompt_list, lanes, settings)
    band = named_layers(channel, sampler.n_layers) or channel.vector.layers
    scales = {layer: sampler.residual[layer] for layer in band}
    rows = FlipTable(table, schedule.at, params["window"], chosen_measure, settings.seed, scales)
    yield from rows.events()
    found = yield from judging.judge_conditions(
        judge, _half_items(prompt_list, table, schedule.at), f"{STAY}, after", settings.seed
    )
    summary = {
        **rows.summary(),
        "vector": channel.label,
        **schedule.facts(),
        "cache": settings.cache,
        **found,
    }
    return {"summary": summary, "control": rows.control(), "n": len(prompt_list)}


@dataclass(frozen=True)
class FlipLanes:
    """The lanes and the edits made to them, all lanes in one order."""

    vector: Any
    schedule: FlipSchedule
    lanes: Sequence[Condition]
    edits: Sequence[LaneEdit]

    @classmethod
    def of(cls, channel: Channel, randoms: Mapping[str, Channel], schedule: FlipSchedule) -> FlipLanes:
        return cls(
            channel.vector,
            schedule,
            _flip_conditions(channel, randoms),
            _flip_edits(channel, list(randoms.values()), schedule),
        )

    @property
    def flipped_mixers(self) -> Sequence[Mixer]:
        """The mixer of every lane once the flip is complete."""
        # The last edit of the ramp completes the flip; later edits flip back.
        return self.edits[self.schedule.ramp_tokens - 1].mixers


def _generate_flipped(
    sampler: ModelSampler, prompt_list: Sequence[SamplePrompt], lanes: FlipLanes, settings: GenerationSettings
) -> Steps[dict[str, list[SampledAnswer]]]:
    """{condition: one text per prompt}."""
    table: dict[str, list[SampledAnswer]] = {condition.name: [] for condition in lanes.lanes}
    for number, prompt in enumerate(prompt_list):
        yield Progress(number, len(prompt_list), "texts generated")
        prompt_settings = with_prompt_seed(settings, number)
        answers = yield from generate_answers(
            sampler, prompt, lanes.lanes, prompt_settings, cues=lanes.edits, vector=lanes.vector
        )
        for answer, mixer in zip(answers, lanes.flipped_mixers, strict=True):
            table[answer.condition].append(
                (yield from _reread_after_flip(sampler, answer, mixer, lanes.schedule.at))
            )
    yield Progress(len(prompt_list), len(prompt_list), "texts generated")
    return table


def _default_pack(sampler: ModelSampler) -> str:
    """Stories for the demo models: their chat answers are too short to be flipped."""
    return "stories" if world_of(sampler.name) else ""


def _flip_conditions(channel: Channel, randoms: Mapping[str, Channel]) -> tuple[Condition, ...]:
    plus = Mixer((channel,))
    return (
        Condition(FLIP, plus),
        Condition(STAY, plus),
        Condition(TO_ZERO, plus),
        Condition(THROUGHOUT, conditions.mixer_at_scale(channel, -channel.scale)),
        *(Condition(name + FLIPPED, Mixer((control,))) for name, control in randoms.items()),
        Condition(UNSTEERED, Mixer()),
    )


def _flip_edits(channel: Channel, randoms: Sequence[Channel], schedule: FlipSchedule) -> list[LaneEdit]:
    """Every edit for all lanes, in the order of `_flip_conditions`."""
    s = channel.scale
    flip_scales, zero_scales = schedule.scales(s, -s), schedule.scales(s, 0.0)
    # Lanes that do not flip get their own mixer again at every edit.
    constant = conditions.mixer_at_scale(channel, s), conditions.mixer_at_scale(channel, -s)
    return [
        LaneEdit(
            token,
            mixers=(
                conditions.mixer_at_scale(channel, flip_scales[token]),
                constant[0],
                conditions.mixer_at_scale(channel, zero_scales[token]),
                constant[1],
                *(conditions.mixer_at_scale(random, flip_scales[token]) for random in randoms),
                Mixer(),
            ),
        )
        for token in sorted(flip_scales)
    ]


def _reread_after_flip(
    sampler: ModelSampler, answer: SampledAnswer, mixer: Mixer, at: int
) -> Steps[SampledAnswer]:
    """The answer with KL(steered ‖ unsteered) and entropy after the flip measured under the mixer in force
    there.
    """
    parts = str(mixer.to_json()), str(answer.prompt), str(answer.generated.ids)
    key = f"read on {cache_digest(sampler.identity, *parts)}"
    later = AnswerReading.from_json(
        (yield from task_group(key, partial(_reread_answer, sampler, answer, mixer)))
    )
    # Tokens before the flip were read under the first mixer.
    kl = (*answer.reading.kl[:at], *later.kl[at:])
    entropy = (*answer.reading.entropy[:at], *later.entropy[at:])
    return replace(answer, reading=replace(answer.reading, kl=kl, entropy=entropy))


def _reread_answer(sampler: ModelSampler, answer: SampledAnswer, mixer: Mixer) -> Steps[dict[str, Any]]:
    return (yield from sampler.read(answer.prompt, answer.generated, mixer)).to_json()


def _half_items(
    prompt_list: Sequence[SamplePrompt], table: Mapping[str, Sequence[SampledAnswer]], at: int
) -> dict[str, list[JudgedItem]]:
    """Both halves of every text as separate items, so that the judge cannot see the flip."""
    halves = {"before": (0, at), "after": (at, None)}
    return {
        f"{name}, {half}": [JudgedItem(answer.prompt, cut_answer(answer, *ends).text) for answer in answers]
        for name, answers in table.items()
        for half, ends in halves.items()
    }
