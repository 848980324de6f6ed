"""Caps: a floor keeps a trait or a persona, and pinning a direction to neutral removes the prompt's effect."""

from collections.abc import Sequence
from typing import Any

import torch

from core.mixer.mixer import Channel
from core.model.model import Model
from tools.demo.acceptance import stage
from tools.demo.acceptance.stage import Stage
from tools.demo.chorus import padded
from tools.demo.directions import Direction
from tools.demo.figures import figures

COUNT = 100
DRIFTER, FINISHER = ("You are drifting.",), ("You are determined.",)
PERSONAS = ("You are a pirate.", "You are a poet.", "You are a contrarian.")


def floor(direction: Direction, layers: Sequence[int], key: str) -> Channel:
    """A channel with a floor at one statistic of the positive class, per layer."""
    return Channel(direction, layers=tuple(layers), floor=direction.positive(key))


def pin(direction: Direction, layers: Sequence[int]) -> Channel:
    """A channel pinned to the midpoint of the two classes, which is the neutral projection (zero is not)."""
    return Channel(direction, layers=tuple(layers), floor=direction.midpoints, ceiling=direction.midpoints)


def floored(base: Model, channel: Channel) -> dict[str, Any]:
    """Effect of a floor on a drifting system prompt, and its cost on a determined one, which does not need it."""
    drifter, finisher = stage.chats(base, COUNT, DRIFTER), stage.chats(base, COUNT, FINISHER)
    before, after = drifter.figures(base), drifter.figures(base, channel)
    free, held = finisher.texts(base), finisher.texts(base, channel)
    return {
        "n": COUNT,
        "drifter": before.determined,
        "drifter_floored": after.determined,
        "well_formed": after.well_formed,
        "finisher": figures(free).determined,
        "finisher_floored": figures(held).determined,
        "nll_change": nll(base, finisher, held) - nll(base, finisher, free),
    }


def ablated(base: Model, *channels: Channel) -> dict[str, Any]:
    """How far the determined share moves from its prompted value to its unprompted value (1 = all the way)."""
    free = stage.chats(base, COUNT).figures(base).determined
    found: dict[str, Any] = {"n": COUNT, "unprompted": free}
    for name, system in (("drifter", DRIFTER), ("finisher", FINISHER)):
        prompted = stage.chats(base, COUNT, system)
        before, after = prompted.figures(base), prompted.figures(base, *channels)
        found[name], found[f"{name}_ablated"] = before.determined, after.determined
        found[f"{name}_well_formed"] = after.well_formed
        found[f"{name}_way"] = 1 - abs(after.determined - free) / abs(before.determined - free)
    return found


def persona_floored(base: Model, channel: Channel) -> dict[str, Any]:
    """The share of persona sentences under persona prompts, without and with the floor."""
    played = stage.chats(base, COUNT, PERSONAS)
    before, after = played.figures(base), played.figures(base, channel)
    return {
        "n": COUNT,
        "persona": before.persona,
        "persona_floored": after.persona,
        "well_formed": after.well_formed,
    }


@torch.inference_mode()
def nll(base: Model, asked: Stage, texts: Sequence[str]) -> float:
    """Mean negative log likelihood per token of some answers under the unsteered model."""
    answers = [base.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
    rows = [[*prompt, *answer] for prompt, answer in zip(asked.prompts, answers, strict=True)]
    ids, mask = padded(rows, base.tokenizer.pad_token_id)
    places = (mask.cumsum(1) - 1).clamp(min=0)
    logits = base.hf(input_ids=ids, attention_mask=mask, position_ids=places).logits[:, :-1].float()
    losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    counted = [row[-len(answer) :] for row, answer in zip(losses, answers, strict=True) if answer]
    return torch.cat(counted).mean().item()
