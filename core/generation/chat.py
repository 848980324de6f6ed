"""Turns a conversation into text and ids with the tokenizer's chat template, or visibly without one.

Templates are programs shipped with models: they run in transformers' sandbox, for two seconds at most.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from core.errors import UsageError
from core.json_values import JsonValue
from core.model.tokenizer import Tokenizer

Message = Mapping[str, str]
SENTINEL = "\u2042sentinel\u2042"
TEMPLATE_SECONDS = 2.0
LONGEST_RENDER = 4_000_000
TOO_SLOW = f"the chat template ran longer than {TEMPLATE_SECONDS:g} s: plain continuation"


@dataclass(frozen=True)
class RenderedPrompt:
    """A prompt as text and ids; `mode` is chat, plain (no usable template) or raw (as requested).

    `reply` are the characters of a last answer that was rendered as a whole turn.
    """

    text: str
    mode: str
    tokenizer: Tokenizer | None
    note: str = ""
    reply: tuple[int, int] | None = None

    @cached_property
    def ids(self) -> list[int]:
        """Encoded when asked for: who needs the characters of each token encodes the text himself."""
        # A template writes the special tokens itself; the tokenizer must not add them again.
        return encode(self.tokenizer, self.text, special=self.mode != "chat")


@dataclass(frozen=True)
class SpokenTurn:
    """A conversation as text up to the end of its last answer; `reply` are the answer's characters in it."""

    text: str
    reply: tuple[int, int]


class TemplateError(UsageError):
    """A chat template raised, ran too long or rejected these messages."""


def as_messages(prompt: str | Sequence[Message], system: str | None = None) -> list[dict[str, str]]:
    messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [dict(m) for m in prompt]
    for message in messages:
        if not isinstance(message.get("content"), str) or not message.get("role"):
            raise UsageError(f"a message needs a role and a text content, not {message!r}")
    return [{"role": "system", "content": system}, *messages] if system else messages


def render_prompt(
    tokenizer: Tokenizer | None,
    messages: Sequence[Message],
    *,
    raw: bool = False,
    prefill: str = "",
    template_args: Mapping[str, JsonValue] | None = None,
) -> RenderedPrompt:
    """The prompt up to the start of the assistant's turn; `prefill` begins the assistant's answer."""
    if raw:
        return _plain_prompt(tokenizer, messages, prefill, "raw")
    if tokenizer is None or not getattr(tokenizer, "chat_template", None):
        return _plain_prompt(
            tokenizer, messages, prefill, "plain", "this model has no chat template: plain continuation"
        )
    try:
        text = apply_template(tokenizer, messages, True, template_args) + prefill
    except TimeoutError:
        return _plain_prompt(tokenizer, messages, prefill, "plain", TOO_SLOW)
    return RenderedPrompt(text, "chat", tokenizer)


def continuation_text(
    tokenizer: Tokenizer,
    history: Sequence[Message],
    new: Sequence[Message],
    template_args: Mapping[str, JsonValue] | None = None,
) -> str | None:
    """The text that the template puts between the assistant's current answer and its next one, or None.

    Found by rendering a sentinel answer, so that no answer is tokenised again. None where the template
    rewrites earlier turns (then the conversation is rendered again, and the tape keeps the common prefix).
    """
    past = apply_template(tokenizer, history, False, template_args)
    answered = [*history, {"role": "assistant", "content": SENTINEL}, *new]
    text = apply_template(tokenizer, answered, True, template_args)
    head, found, tail = text.partition(SENTINEL)
    # A changed head: earlier turns are rewritten. A sentinel in the tail: the answer is repeated.
    return tail if found and head.startswith(past) and SENTINEL not in tail else None


def spoken_turn(
    tokenizer: Tokenizer, messages: Sequence[Message], template_args: Mapping[str, JsonValue] | None = None
) -> SpokenTurn | None:
    """The last answer where the model would say it: behind a closed thought, in the channel for answers.

    Found by rendering a sentinel in its place. None where the template rewrites the answer's words; trimming
    them is no rewriting.
    """
    *before, last = messages
    sentinel = [*before, {**last, "content": SENTINEL}]
    head, found, tail = apply_template(tokenizer, sentinel, False, template_args).partition(SENTINEL)
    whole, said = apply_template(tokenizer, messages, False, template_args), str(last["content"])
    for words in (said, said.strip(), said.lstrip(), said.rstrip()):
        if found and words and SENTINEL not in tail and whole == head + words + tail:
            return SpokenTurn(head + words, (len(head), len(head) + len(words)))
    return None


def closing_text(
    tokenizer: Tokenizer, history: Sequence[Message], template_args: Mapping[str, JsonValue] | None = None
) -> str:
    """The text that the template puts behind the last answer of a conversation; empty where it leaves it open."""
    answered = [*history, {"role": "assistant", "content": SENTINEL}]
    return apply_template(tokenizer, answered, False, template_args).partition(SENTINEL)[2]


def apply_template(
    tokenizer: Tokenizer,
    messages: Sequence[Message],
    generate: bool,
    template_args: Mapping[str, JsonValue] | None = None,
) -> str:
    def write() -> str:
        return str(
            tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=generate, **dict(template_args or {})
            )
        )

    try:
        text = run_within(TEMPLATE_SECONDS, write)
    except TimeoutError:
        # Passed on as it is: its callers fall back to a plain continuation.
        raise
    except Exception as error:
        roles = ", ".join(str(m["role"]) for m in messages)
        raise TemplateError(f"the model's chat template refused these messages ({roles}): {error}") from error
    if len(text) > LONGEST_RENDER:
        raise TemplateError(f"the chat template wrote {len(text)} characters, more than {LONGEST_RENDER}")
    return text


def encode(tokenizer: Tokenizer | None, text: str, special: bool = False) -> list[int]:
    if not text:
        return []
    if tokenizer is None:
        raise UsageError("this model has no tokenizer: give token ids instead of text")
    return list(tokenizer(text, add_special_tokens=special)["input_ids"])


def run_within(seconds: float, work: Callable[[], str]) -> str:
    """Run `work` in a thread; after `seconds` interrupt it (it is pure Python) and raise TimeoutError."""
    results: list[str] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            # An exception in a thread does not reach the caller by itself.
            errors.append(error)

    # A daemon: a template that cannot be interrupted must not keep the process alive.
    thread = threading.Thread(target=run, daemon=True, name="chat-template")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident or 0), ctypes.py_object(TimeoutError)
        )
        raise TimeoutError
    if errors:
        raise errors[0]
    return results[0]


def _plain_prompt(
    tokenizer: Tokenizer | None, messages: Sequence[Message], prefill: str, mode: str, note: str = ""
) -> RenderedPrompt:
    text = "\n\n".join(str(m["content"]) for m in messages) + prefill
    return RenderedPrompt(text, mode, tokenizer, note)
