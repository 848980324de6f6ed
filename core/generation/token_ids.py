"""Token ids of what may be given as a prompt or a text: a string, a list of messages, or the ids themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, cast

from core.errors import UsageError
from core.generation.chat import (
    Message,
    RenderedPrompt,
    TemplateError,
    as_messages,
    encode,
    render_prompt,
    spoken_turn,
)
from core.json_values import JsonValue
from core.model.tokenizer import Tokenizer

if TYPE_CHECKING:
    from core.model.model import Model

Text: TypeAlias = str | Sequence[Message] | Sequence[int]
WORDS = "Yes"
"""An answer whose words do not matter."""
REWRITTEN = (
    "the chat template rewrites the words of a reply: it was read behind the prompt, not in a turn of its own"
)


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


def text_ids(model: Model, text: Text, template_args: Mapping[str, JsonValue] | None = None) -> list[int]:
    """Ids of a text to be read, not answered: a string as it is; a conversation up to where the assistant
    goes on, so that a last message of its own is not closed.
    """
    if (ids := given_ids(text)) is not None:
        return ids
    if isinstance(text, str):
        return list(tokenizer_of(model)(text)["input_ids"])
    return render_open(model, as_messages(cast("Sequence[Message]", text)), template_args).ids


def render_open(
    model: Model, messages: Sequence[Message], template_args: Mapping[str, JsonValue] | None = None
) -> RenderedPrompt:
    """A conversation where the assistant is about to go on: a last message of its own is not closed.

    It is rendered as a whole turn, so that it stands where the model would say it; `note` says where that failed.
    """
    tokenizer = tokenizer_of(model)
    said = str(messages[-1]["content"]) if messages[-1]["role"] == "assistant" else ""
    if not said or not getattr(tokenizer, "chat_template", None):
        asked = messages[:-1] if said else messages
        return render_prompt(tokenizer, asked, prefill=said, template_args=template_args)
    try:
        turn = spoken_turn(tokenizer, messages, template_args)
    except (TimeoutError, TemplateError):
        # A template may take no answer, or take too long: the reply is then appended.
        turn = None
    if turn is not None:
        return RenderedPrompt(turn.text, "chat", tokenizer, reply=turn.reply)
    begun = render_prompt(tokenizer, messages[:-1], prefill=said, template_args=template_args)
    return replace(begun, note=begun.note or REWRITTEN)


def answer_context(
    model: Model, messages: Sequence[Message], template_args: Mapping[str, JsonValue] | None = None
) -> list[int]:
    """Ids of a conversation up to where the next answer's own words begin: behind a thought, if there is one."""
    asked = prompt_ids(model, messages, template_args=template_args)
    if model.notation is None:
        return asked
    turn = spoken_turn(
        tokenizer_of(model), [*messages, {"role": "assistant", "content": WORDS}], template_args
    )
    return asked if turn is None else encode(model.tokenizer, turn.text[: turn.reply[0]])


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
