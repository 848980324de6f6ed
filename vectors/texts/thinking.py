"""Whether a model thinks before it answers, for results that say under which setting they were measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from core.errors import SteerError
from core.generation.token_ids import prompt_ids
from core.json_values import JsonValue
from core.regions.notations import THINKING
from core.regions.region_reader import RegionReader

if TYPE_CHECKING:
    from core.model.model import Model

ON, OFF = "on", "off"


def marks_thoughts(model: Model) -> bool:
    """Whether the tokenizer has marks around thoughts."""
    return model.notation is not None and THINKING in model.notation.regions


def thinking_mode(model: Model, template_args: Mapping[str, JsonValue] | None = None) -> str:
    """Off where the template closes the thought before the answer begins, else on; empty without marks."""
    if not marks_thoughts(model):
        return ""
    reader = RegionReader(model.notation, model.tokenizer)
    try:
        reader.begin(prompt_ids(model, "Hello", template_args=template_args))
    except SteerError:
        return ON
    return OFF if THINKING in reader.closed else ON


def spoken_facts(
    model: Model, template_args: Mapping[str, JsonValue] | None, notes: Iterable[str]
) -> dict[str, JsonValue]:
    """What a result says of the place of its replies; nothing for a model without thoughts and plain replies."""
    mode, said = thinking_mode(model, template_args), [note for note in notes if note]
    facts: dict[str, JsonValue] = {"thinking": mode} if mode else {}
    return facts | ({"replies": f"{said[0]} ({len(said)} replies)"} if said else {})
