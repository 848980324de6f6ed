"""What a job of many answers asks: every prompt at every dose, each with its settings, its seed and its mixer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import SteerError, UsageError
from core.generation.batch.lane_answer import LaneRequest
from core.generation.sampling import TokenSampler
from core.generation.token_ids import prompt_ids
from core.mixer.mixer import Mixer
from core.model.model import Model
from sessions.promptfile import Prompt, PromptRecord
from sessions.state.answer_settings import DEFAULTS, FRAME, SAMPLING
from sessions.state.messages import prompt_messages


@dataclass(frozen=True)
class AskedAnswer:
    """One answer to generate; `refusal` says why its prompt cannot be answered. `unsteered` is the number of the
    answer to the same prompt at a dose at which nothing steers, if one is asked for.
    """

    number: int
    record: PromptRecord
    dose: float
    settings: Mapping[str, Any]
    request: LaneRequest
    refusal: SteerError | None = None
    unsteered: int | None = None


def ask_all(
    model: Model,
    records: Sequence[PromptRecord],
    doses: Sequence[float],
    mixer: Mixer,
    settings: Mapping[str, Any],
) -> list[AskedAnswer]:
    """Every prompt at every dose, in the order of the file.

    A prompt that stands in the file for the k-th time gets the seed plus k, so that it is answered differently; its
    doses share the seed. So no answer depends on what else is in the file.
    """
    if not records:
        raise UsageError("there is no prompt to answer")
    mixers = [mixer.dosed(dose) for dose in doses]
    plain = next((place for place, each in enumerate(mixers) if not _steers(each)), None)
    seen: Counter[str] = Counter()
    asked: list[AskedAnswer] = []
    for record in records:
        key = json.dumps(record.prompt)
        own = {**settings, "seed": int(settings.get("seed") or 0) + seen[key]}
        seen[key] += 1
        ids, refusal = _try_encode(model, record.prompt, own)
        first = len(asked)
        for place, (dose, each) in enumerate(zip(doses, mixers, strict=True)):
            beside = None if plain in (None, place) else first + plain
            asked.append(
                AskedAnswer(first + place, record, dose, own, _request(ids, each, own), refusal, beside)
            )
    return asked


def _steers(mixer: Mixer) -> bool:
    acting = (mixer.channels[index] for index in mixer.active_indices())
    return any(channel.scale or channel.gain is not None or channel.is_capped for channel in acting)


def _try_encode(
    model: Model, prompt: Prompt, settings: Mapping[str, Any]
) -> tuple[tuple[int, ...], SteerError | None]:
    frame = {name: settings[name] for name in FRAME if settings.get(name)}
    try:
        return tuple(prompt_ids(model, prompt_messages(prompt), **frame)), None
    except SteerError as error:
        return (), error


def _request(ids: tuple[int, ...], mixer: Mixer, settings: Mapping[str, Any]) -> LaneRequest:
    def value(name: str) -> Any:
        return settings.get(name, DEFAULTS[name])

    return LaneRequest(
        ids,
        mixer,
        TokenSampler(**{name: value(name) for name in SAMPLING}),
        tuple(value("stop")),
        value("max_new_tokens"),
        value("ignore_end"),
    )
