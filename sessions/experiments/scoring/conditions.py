"""The conditions an experiment compares: unsteered, the vector with both signs, and random vectors of the
same norm.

The random vectors show what any push of that size does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import UsageError
from core.mixer.layer_ranges import parse_layers
from core.mixer.mixer import Channel, Mixer
from sessions.experiments.common.sampler import ModelSampler

UNSTEERED, PLUS, MINUS, RANDOM = "unsteered", "+s", "−s", "random"
CONTROL = f"{RANDOM} "
"""Prefix of the names of conditions that use a random direction."""
CONTROL_SEED = 1000
"""Seeds of the random directions start at this times the run's seed, so that two seeds share none."""
MOST_CONTROLS = 20


@dataclass(frozen=True)
class Condition:
    name: str
    mixer: Mixer


def vector_channel(sampler: ModelSampler, params: Mapping[str, Any], vector: Any = None) -> Channel:
    """The vector with its suggested settings, overridden by `scale`, `unit`, `layers` and `split`."""
    if vector is None:
        vector = sampler.vector(params["vector"])
    given = {key: params[key] for key in ("scale", "unit", "split") if params.get(key) is not None}
    if params.get("layers"):
        given["layers"] = parse_layers(params["layers"], sampler.n_layers)
    # The suggested scale is in the suggested unit, so it cannot be kept for another one.
    if given.get("unit") and given.get("scale") is None:
        raise UsageError("--unit needs a scale as well: --scale X")
    return Channel.suggested(vector, **given)


def mixer_at_scale(channel: Channel, scale: float) -> Mixer:
    # An empty mixer instead of a channel at scale 0, so that the condition is truly unsteered.
    return Mixer((replace(channel, scale=scale),)) if scale else Mixer()


def single_layer_channel(channel: Channel, layer: int) -> Channel:
    """The channel with its whole dose on one layer."""
    return replace(channel, layers=(layer,), weights=None)


def random_channel(sampler: ModelSampler, channel: Channel, seed: int, number: int = 1) -> Channel:
    """The same channel with a random direction in place of its vector."""
    # The name is dropped with the vector it belongs to.
    return replace(channel, vector=sampler.random(channel.vector, CONTROL_SEED * seed + number), name=None)


def random_channels(sampler: ModelSampler, channel: Channel, seed: int, count: int) -> dict[str, Channel]:
    """{condition: the channel with a random direction}, named random, random 2, random 3, …"""
    if not 1 <= count <= MOST_CONTROLS:
        raise UsageError(f"--controls N is from 1 to {MOST_CONTROLS} random directions, not {count}")
    return {random_name(k): random_channel(sampler, channel, seed, k) for k in range(1, count + 1)}


def random_name(number: int) -> str:
    """random, random 2, random 3, …"""
    return RANDOM if number == 1 else f"{RANDOM} {number}"


def standard_conditions(
    sampler: ModelSampler, channel: Channel, seed: int, count: int = 1
) -> tuple[Condition, ...]:
    """Unsteered, the vector as given and sign-flipped, and `count` random directions."""
    randoms = random_channels(sampler, channel, seed, count)
    return (
        Condition(UNSTEERED, Mixer()),
        Condition(PLUS, Mixer((channel,))),
        Condition(MINUS, Mixer((channel,)).flip(0)),
        *(Condition(name, Mixer((control,))) for name, control in randoms.items()),
    )


def condition_names(conditions: Sequence[Condition]) -> list[str]:
    return [condition.name for condition in conditions]
