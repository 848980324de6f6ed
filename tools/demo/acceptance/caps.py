"""Caps: a floor keeps a trait or a persona, and pinning a direction to neutral removes the prompt's effect."""

from collections.abc import Sequence
from typing import Any

from core.generation.token_ids import tokenizer_of
from core.mixer.mixer import Channel
from core.model.model import Model
from tools.demo.acceptance.prompt_sets import AcceptancePrompts, chat_prompts
from tools.demo.directions import class_midpoints
from tools.demo.figures import compute_figures
from vectors.checks.likelihood import mean_logprob
from vectors.vector import SteeringVector

COUNT = 100
DRIFTER, FINISHER = ("You are drifting.",), ("You are determined.",)
PERSONAS = ("You are a pirate.", "You are a poet.", "You are a contrarian.")


def floor_channel(vector: SteeringVector, layers: Sequence[int], percentile: str) -> Channel:
    """A channel with a floor at one percentile of the positive class, per layer."""
    return Channel(vector, layers=tuple(layers), floor=percentile)


def pin_channel(vector: SteeringVector, layers: Sequence[int]) -> Channel:
    """A channel pinned to the midpoint of the two classes, which is the neutral projection (zero is not)."""
    middle = class_midpoints(vector)
    return Channel(vector, layers=tuple(layers), floor=middle, ceiling=middle)


def measure_floor(base: Model, channel: Channel) -> dict[str, Any]:
    """Effect of a floor on a drifting system prompt, and its cost on a determined one, which does not need it."""
    drifter, finisher = chat_prompts(base, COUNT, DRIFTER), chat_prompts(base, COUNT, FINISHER)
    before, after = drifter.figures(base), drifter.figures(base, channel)
    free, held = finisher.texts(base), finisher.texts(base, channel)
    return {
        "n": COUNT,
        "drifter": before.determined,
        "drifter_floored": after.determined,
        "well_formed": after.well_formed,
        "finisher": compute_figures(free).determined,
        "finisher_floored": compute_figures(held).determined,
        "nll_change": mean_nll(base, finisher, held) - mean_nll(base, finisher, free),
    }


def measure_ablation(base: Model, *channels: Channel) -> dict[str, Any]:
    """How far the determined share moves from its prompted value to its unprompted value (1 = all the way)."""
    free = chat_prompts(base, COUNT).figures(base).determined
    found: dict[str, Any] = {"n": COUNT, "unprompted": free}
    for name, system in (("drifter", DRIFTER), ("finisher", FINISHER)):
        prompted = chat_prompts(base, COUNT, system)
        before, after = prompted.figures(base), prompted.figures(base, *channels)
        found[name], found[f"{name}_ablated"] = before.determined, after.determined
        found[f"{name}_well_formed"] = after.well_formed
        found[f"{name}_way"] = 1 - abs(after.determined - free) / abs(before.determined - free)
    return found


def measure_persona_floor(base: Model, channel: Channel) -> dict[str, Any]:
    """The share of persona sentences under persona prompts, without and with the floor."""
    played = chat_prompts(base, COUNT, PERSONAS)
    before, after = played.figures(base), played.figures(base, channel)
    return {
        "n": COUNT,
        "persona": before.persona,
        "persona_floored": after.persona,
        "well_formed": after.well_formed,
    }


def mean_nll(base: Model, asked: AcceptancePrompts, texts: Sequence[str]) -> float:
    """Mean negative log likelihood per token of some answers under the unsteered model."""
    total, count = 0.0, 0
    for prompt, text in zip(asked.prompts, texts, strict=True):
        answer = tokenizer_of(base)(text, add_special_tokens=False)["input_ids"]
        if answer:
            total -= mean_logprob(base, [*prompt, *answer], len(prompt)) * len(answer)
            count += len(answer)
    return total / count
