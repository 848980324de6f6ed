"""Token ids of what may be given as a prompt or a text: a string, a list of messages, or the ids themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

from core.errors import UsageError
from core.generation.chat import Message, RenderedPrompt, as_messages, render_prompt
from core.json_values import JsonValue
from core.model.tokenizer import Tokenizer

if TYPE_CHECKING:
    from core.model.model import Model

Text: TypeAlias = str | Sequence[Message] | Sequence[int]


def prompt_ids(
    model: Model,
    prompt: Text,
    *,
    system: str | None = None,
    prefill: str = "",
    raw: bool = False,
    template_args: Mapping[str, JsonValue] | None = None,
) -> list[int]:
    """Ids of a prompt to be answered: a string is what the user says, inside the chat template."""
    if (ids := given_ids(prompt)) is not None:
        return ids
    messages = as_messages(cast("str | Sequence[Message]", prompt), system)
    tokenizer = tokenizer_of(model)
    return render_prompt(tokenizer, messages, raw=raw, prefill=prefill, template_args=template_args).ids


def text_ids(model: Model, text: Text) -> list[int]:
    """Ids of a text to be read, not answered: a string as it is; a conversation up to where the assistant
    goes on, so that a last message of its own is not closed.
    """
    if (ids := given_ids(text)) is not None:
        return ids
    if isinstance(text, str):
        return list(tokenizer_of(model)(text)["input_ids"])
    return render_open(model, as_messages(cast("Sequence[Message]", text))).ids


def render_open(model: Model, messages: Sequence[Message]) -> RenderedPrompt:
    """A conversation where the assistant is about to go on: a last message of its own is not closed."""
    said = str(messages[-1]["content"]) if messages[-1]["role"] == "assistant" else ""
    return render_prompt(tokenizer_of(model), messages[:-1] if said else messages, prefill=said)


def given_ids(text: Text) -> list[int] | None:
    """The ids, where ids were given."""
    # The first element decides; an empty list counts as ids.
    if isinstance(text, str) or any(isinstance(part, Mapping | str) for part in text[:1]):
        return None
    return [int(token) for token in cast("Sequence[int]", text)]


def tokenizer_of(model: Model) -> Tokenizer:
    if model.tokenizer is None:
        raise UsageError(f"{model.name} has no tokenizer: give token ids instead of text")
    return model.tokenizer
