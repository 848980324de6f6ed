"""Reads the states that a direction is made from: two classes of texts in one model, or one in two models."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.activations.capture import Rows
from core.activations.positions import Choice
from core.errors import BadInput, UsageError
from core.jobs.job import Steps
from core.json_values import JsonValue
from vectors.contrasts.shapes import EVALS
from vectors.extraction.layer_quality import Labels
from vectors.extraction.request import Recipe
from vectors.extraction.states import read_states
from vectors.texts.pair import ContrastPair, ContrastSet
from vectors.texts.position_spec import RESPONSE, read_positions
from vectors.texts.tokenized import TokenizedText, first_difference, tokenize_text

if TYPE_CHECKING:
    from core.model.model import Model

Ids = list[int]
PROMPTS = 8


@dataclass(frozen=True)
class Material:
    """The states of both classes; row i of one belongs to row i of the other.

    Equal `keys` are repetitions; `notes` say which replies are not where the model would say them. Of
    `compares_models` the classes are two models; `prompts` are then what the base model answers under doses.
    """

    positive: Rows
    negative: Rows
    keys: tuple[str, ...]
    labels: Labels = field(default_factory=Labels)
    prompts: tuple[Ids, ...] = ()
    compares_models: bool = False
    notes: tuple[str, ...] = ()

    @property
    def n_effective(self) -> int:
        return len(set(self.keys))


def read_pairs(model: Model, contrast: ContrastSet, recipe: Recipe) -> Steps[Material]:
    """Read both sides of every pair with one model."""
    sides = tokenize_pairs(model, contrast.validated(), recipe.read, recipe.template_args)
    longer, choices = yield from _choose_positions(model, sides, recipe)
    rows = yield from read_states(model, longer, choices, recipe.read_settings(model))
    return Material(
        # The sides alternate: row 2i is the positive side of pair i, row 2i + 1 the negative one.
        positive={layer: states[0::2] for layer, states in rows.items()},
        negative={layer: states[1::2] for layer, states in rows.items()},
        keys=tuple(pair.key for pair in contrast.pairs),
        labels=Labels(
            tuple(map(negative_role, contrast.pairs)), tuple(pair.domain for pair in contrast.pairs)
        ),
        notes=tuple(side.note for side in sides),
    )


def read_two_models(base: Model, tuned: Model, contrast: ContrastSet, recipe: Recipe) -> Steps[Material]:
    """Read the same ids with both models: tuned is the positive class, base the negative one."""
    first = yield from read_tuned(tuned, contrast, recipe)
    return (yield from read_base(base, first, recipe))


@dataclass(frozen=True)
class TunedStates:
    """The states and positions of the tuned model, kept after it is freed and before the base is loaded."""

    rows: Rows
    sides: tuple[TokenizedText, ...]
    choices: tuple[Choice, ...]
    shape: tuple[int, int]
    prompts: tuple[Ids, ...] = ()


def read_tuned(tuned: Model, contrast: ContrastSet, recipe: Recipe) -> Steps[TunedStates]:
    texts = contrast.texts
    if len(texts) < 2:
        raise BadInput(f"{contrast.name}: needs ≥ 2 different texts, has {len(texts)}")
    # The base reads these ids too: states can only be subtracted at the same tokens.
    sides = [tokenize_text(tuned, text, template_args=recipe.template_args) for text in texts]
    longer, choices = yield from _choose_positions(tuned, sides, recipe)
    rows = yield from read_states(tuned, longer, choices, recipe.read_settings(tuned).for_model("tuned"))
    shape = tuned.n_layers, tuned.hidden_size
    return TunedStates(rows, tuple(longer), tuple(choices), shape, prompts_of(sides, recipe.seed))


def read_base(base: Model, tuned: TunedStates, recipe: Recipe) -> Steps[Material]:
    if (base.n_layers, base.hidden_size) != tuned.shape:
        raise UsageError(
            f"{base.name} has {base.n_layers} layers of width {base.hidden_size}, the tuned model"
            f" {tuned.shape[0]} of width {tuned.shape[1]}: they cannot be subtracted"
        )
    known = base.vocab_size
    # A fine-tune may have added tokens that the base has no embedding for.
    if (largest := max(max(one.ids) for one in tuned.sides)) >= known:
        raise UsageError(
            f"{base.name} knows {known} tokens, the texts hold token {largest} of the tuned model"
        )
    rows = yield from read_states(
        base, tuned.sides, tuned.choices, recipe.read_settings(base).for_model("base")
    )
    keys = tuple(json.dumps(one.ids) for one in tuned.sides)
    return Material(tuned.rows, rows, keys, prompts=tuned.prompts, compares_models=True)


def prompts_of(sides: Sequence[TokenizedText], seed: int) -> tuple[Ids, ...]:
    """Some of the texts, each without the reply that it ends in."""
    begun = []
    for side in sides:
        reply = side.tokens(side.reply) if side.reply is not None and side.offsets else []
        begun.append(tuple(side.ids[: reply[0]] if reply and reply[0] else side.ids))
    different = list(dict.fromkeys(begun))
    # A file often lists texts of one kind together, so the first ones would be alike.
    chosen = random.Random(seed).sample(different, min(PROMPTS, len(different)))
    return tuple(list(ids) for ids in chosen)


def read_adapter(model: Model, contrast: ContrastSet, recipe: Recipe) -> Steps[Material]:
    """Read one model with its adapter on, then off; the adapter is left off, as the vector is for the base."""
    model.use_adapter(True)
    try:
        first = yield from read_tuned(model, contrast, recipe)
    finally:
        model.use_adapter(False)
    return (yield from read_base(model, first, recipe))


def tokenize_pairs(
    model: Model,
    contrast: ContrastSet,
    read: str,
    template_args: Mapping[str, JsonValue] | None = None,
) -> list[TokenizedText]:
    """Tokenized sides (positive, negative, positive, …); multiple-choice answers end at their first
    differing token.
    """
    sides: list[TokenizedText] = []
    for number, pair in enumerate(contrast.pairs, start=1):
        begins = pair.begins or (None, None)
        both = (
            tokenize_text(model, pair.positive, begins[0], template_args),
            tokenize_text(model, pair.negative, begins[1], template_args),
        )
        if contrast.shape == EVALS:
            # Called for every read, because it refuses answers that do not differ.
            cut = first_difference(number, *both)
            both = cut if read == "last" else both
        sides.extend(both)
    return sides


def negative_role(pair: ContrastPair) -> str:
    """The system prompt of the negative side, or else the pair's domain."""
    if not isinstance(pair.negative, str) and pair.negative and isinstance(pair.negative[0], dict):
        first = pair.negative[0]
        if first.get("role") == "system":
            return str(first["content"])
    return pair.domain


def _choose_positions(
    model: Model, sides: Sequence[TokenizedText], recipe: Recipe
) -> Steps[tuple[list[TokenizedText], list[Choice]]]:
    """(sides, positions); when the reply is read, the model first generates the replies that are missing."""
    if recipe.read != RESPONSE:
        return list(sides), [read_positions(recipe.read, one) for one in sides]
    # The token loop is imported only where replies have to be generated.
    from vectors.texts.replies import generate_replies

    without_reply = [one for one in sides if one.reply is None]
    longer, choices = yield from generate_replies(model, without_reply, recipe.reply_tokens)
    generated = iter(zip(longer, choices, strict=True))
    # Generated replies come in the order of the sides that lacked one.
    both = [
        (one, read_positions(recipe.read, one)) if one.reply is not None else next(generated) for one in sides
    ]
    return [one for one, _ in both], [choice for _, choice in both]
