"""Caps: a floor keeps a trait or a persona, and pinning a direction to neutral removes the prompt's effect."""

from collections.abc import Sequence
from typing import Any

import torch

from core.mixer.mixer import Channel
from core.model.model import Model
from tools.demo.acceptance import stage
from tools.demo.acceptance.stage import AcceptancePrompts
from tools.demo.chorus import pad_left
from tools.demo.directions import DemoVector
from tools.demo.figures import compute_figures

COUNT = 100
DRIFTER, FINISHER = ("You are drifting.",), ("You are determined.",)
PERSONAS = ("You are a pirate.", "You are a poet.", "You are a contrarian.")


def floor_channel(direction: DemoVector, layers: Sequence[int], key: str) -> Channel:
    """A channel with a floor at one statistic of the positive class, per layer."""
    return Channel(direction, layers=tuple(layers), floor=direction.positive(key))


def pin_channel(direction: DemoVector, layers: Sequence[int]) -> Channel:
    """A channel pinned to the midpoint of the two classes, which is the neutral projection (zero is not)."""
    return Channel(direction, layers=tuple(layers), floor=direction.midpoints, ceiling=direction.midpoints)


def measure_floor(base: Model, channel: Channel) -> dict[str, Any]:
    """Effect of a floor on a drifting system prompt, and its cost on a determined one, which does not need it."""
    drifter, finisher = stage.chat_prompts(base, COUNT, DRIFTER), stage.chat_prompts(base, COUNT, FINISHER)
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
    free = stage.chat_prompts(base, COUNT).figures(base).determined
    found: dict[str, Any] = {"n": COUNT, "unprompted": free}
    for name, system in (("drifter", DRIFTER), ("finisher", FINISHER)):
        prompted = stage.chat_prompts(base, COUNT, system)
        before, after = prompted.figures(base), prompted.figures(base, *channels)
        found[name], found[f"{name}_ablated"] = before.determined, after.determined
        found[f"{name}_well_formed"] = after.well_formed
        found[f"{name}_way"] = 1 - abs(after.determined - free) / abs(before.determined - free)
    return found


def measure_persona_floor(base: Model, channel: Channel) -> dict[str, Any]:
    """The share of persona sentences under persona prompts, without and with the floor."""
    played = stage.chat_prompts(base, COUNT, PERSONAS)
    before, after = played.figures(base), played.figures(base, channel)
    return {
        "n": COUNT,
        "persona": before.persona,
        "persona_floored": after.persona,
        "well_formed": after.well_formed,
    }


@torch.inference_mode()
def mean_nll(base: Model, asked: AcceptancePrompts, texts: Sequence[str]) -> float:
    """Mean negative log likelihood per token of some answers under the unsteered model."""
    answers = [base.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    rows = [[*prompt, *answer] for prompt, answer in zip(asked.prompts, answers, strict=True)]
    ids, mask = pad_left(rows, base.tokenizer.pad_token_id)
    places = (mask.cumsum(1) - 1).clamp(min=0)
    logits = base.hf(input_ids=ids, attention_mask=mask, position_ids=places).logits[:, :-1].float()
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    counted = [row[-len(answer) :] for row, answer in zip(losses, answers, strict=True) if answer]
    return torch.cat(counted).mean().item()
