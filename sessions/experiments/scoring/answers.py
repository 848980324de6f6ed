"""Generates, measures and caches answers: one prompt at a time, all conditions in one batch.

Answers are cached under everything that determines them (model, prompt, mixers with their vectors'
hashes, settings), so a killed run resumes after its last complete prompt and gives the same tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from core.collapse.collapse import AnswerEvidence, Collapse, find_collapse
from core.jobs.job import JobSample, Progress, Steps, task_group
from core.mixer.mixer import Mixer
from sessions.experiments.common.sampler import (
    AnswerReading,
    GeneratedTokens,
    GenerationSettings,
    LaneEdit,
    ModelSampler,
    SamplePrompt,
)
from sessions.experiments.judges.lexical import text_flags
from sessions.experiments.scoring.conditions import Condition


@dataclass(frozen=True)
class SampledAnswer:
    """An answer to a prompt under a condition, with its measurements; `inserted` are the texts put into it."""

    prompt: SamplePrompt
    condition: str
    generated: GeneratedTokens
    reading: AnswerReading
    inserted: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self.generated.text

    @cached_property
    def collapse(self) -> Collapse | None:
        """The first sign of collapse in the answer."""
        # A distractor is not the model's text: an answer may go on in its letters.
        given = [*(str(message.get("content", "")) for message in self.prompt.messages), *self.inserted]
        said, reading = self.generated, self.reading
        return find_collapse(
            AnswerEvidence(said.ids, said.pieces, given, reading.entropy, reading.unsteered_entropy)
        )

    @property
    def flags(self) -> tuple[str, ...]:
        """What is wrong with the text at first sight, and whether it has collapsed."""
        return (*text_flags(self.text), *(("collapsed",) if self.collapse else ()))

    def sample(self, *flags: str) -> JobSample:
        return JobSample(self.condition, self.prompt.label, self.text, flags)


def generate_answers(
    sampler: ModelSampler,
    prompt: SamplePrompt,
    conditions: Sequence[Condition],
    settings: GenerationSettings,
    *,
    cues: Sequence[LaneEdit] = (),
    vector: Any = None,
) -> Steps[list[SampledAnswer]]:
    """Answer one prompt under all conditions as lanes of one batch; returns a list of `SampledAnswer`.
    `vector` is the one that answers are projected on.
    """
    mixers = [condition.mixer for condition in conditions]
    key = _answers_key(sampler, prompt, mixers, settings, cues, vector)
    found = yield from task_group(
        key, lambda: _generate_rows(sampler, prompt, mixers, settings, cues, vector)
    )
    inserted = tuple(cue.text for cue in cues if cue.text)
    return [
        SampledAnswer(
            prompt,
            condition.name,
            GeneratedTokens.from_json(row["said"]),
            AnswerReading.from_json(row["reading"]),
            inserted,
        )
        for condition, row in zip(conditions, found, strict=True)
    ]


def answer_prompts(
    sampler: ModelSampler,
    prompts: Sequence[SamplePrompt],
    conditions: Sequence[Condition],
    settings: GenerationSettings,
    *,
    vector: Any = None,
) -> Steps[dict[str, list[SampledAnswer]]]:
    """{condition: one answer per prompt}, paired: answer i of every condition is to prompt i with the same
    seed.
    """
    table: dict[str, list[SampledAnswer]] = {condition.name: [] for condition in conditions}
    for number, prompt in enumerate(prompts):
        yield Progress(number, len(prompts), "prompts answered")
        for answer in (
            yield from generate_answers(
                sampler, prompt, conditions, with_prompt_seed(settings, number), vector=vector
            )
        ):
            table[answer.condition].append(answer)
            yield answer.sample(*answer.flags)
    yield Progress(len(prompts), len(prompts), "prompts answered")
    return table


def with_prompt_seed(settings: GenerationSettings, number: int) -> GenerationSettings:
    """The settings with a seed of this prompt's own, equal under every condition."""
    # Runs with neighbouring seeds share no prompt seed, up to 1000 prompts.
    return replace(settings, seed=1000 * settings.seed + number)


def differing_answers(answers: Sequence[SampledAnswer], reference: Sequence[SampledAnswer]) -> list[float]:
    """1 for every answer whose text differs from the reference's to the same prompt, else 0."""
    return [float(one.text != other.text) for one, other in zip(answers, reference, strict=True)]


def _generate_rows(
    sampler: ModelSampler,
    prompt: SamplePrompt,
    mixers: Sequence[Mixer],
    settings: GenerationSettings,
    cues: Sequence[LaneEdit],
    vector: Any,
) -> Steps[list[dict[str, Any]]]:
    rows = []
    # Each answer is read under its own mixer.
    for mixer, generated in zip(
        mixers, (yield from sampler.generate(prompt, mixers, settings, cues)), strict=True
    ):
        reading = yield from sampler.read(prompt, generated, mixer, vector)
        rows.append({"said": generated.to_json(), "reading": reading.to_json()})
    return rows


def _answers_key(
    sampler: ModelSampler,
    prompt: SamplePrompt,
    mixers: Sequence[Mixer],
    settings: GenerationSettings,
    cues: Sequence[LaneEdit],
    vector: Any,
) -> str:
    edits = [[cue.at, cue.text, cue.role, [mixer.to_json() for mixer in cue.mixers]] for cue in cues]
    return cache_key(
        "answers", sampler, prompt, vector, [mixer.to_json() for mixer in mixers], settings.as_json(), edits
    )


def cache_key(what: str, sampler: ModelSampler, prompt: SamplePrompt, vector: Any = None, *more: Any) -> str:
    """Cache key of a result that depends on a model, a prompt and a vector."""
    messages = [list(map(dict, prompt.messages)), prompt.raw]
    identity = [sampler.identity, messages, getattr(vector, "sha256", None), *more]
    # Sorted, so that the order of keys does not change the key.
    return f"{what} {hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:24]}"
