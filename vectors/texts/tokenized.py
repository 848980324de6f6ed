"""One side of a pair as token ids, with the characters that each token came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.errors import BadInput, UsageError
from core.generation.chat import as_messages
from core.generation.token_ids import given_ids, render_open, tokenizer_of
from core.json_values import JsonValue
from vectors.texts.pair import Text, messages_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from core.model.model import Model

Span = tuple[int, int]


@dataclass(frozen=True)
class TokenizedText:
    """Token ids of a text; `turns` are the character spans of the messages, `reply` that of an unfinished
    reply. `note` says where the reply is not in the place where the model would say it.
    """

    ids: tuple[int, ...]
    text: str = ""
    offsets: tuple[Span, ...] = ()
    turns: tuple[Span, ...] = ()
    reply: Span | None = None
    note: str = ""

    def tokens(self, span: Span) -> list[int]:
        """The tokens that overlap this character span."""
        start, stop = span
        if not self.offsets:
            raise UsageError("this read needs to know which characters a token holds; use last or span:A:B")
        # Special tokens hold no characters (a = b) and belong to no span.
        return [i for i, (a, b) in enumerate(self.offsets) if b > a and b > start and a < stop]

    def last_token_before(self, place: int) -> int:
        """The last token that ends at or before a character."""
        if not self.offsets:
            raise UsageError("this read needs to know which characters a token holds; use last or span:A:B")
        ends = [i for i, (_, b) in enumerate(self.offsets) if b <= place]
        if not ends:
            raise UsageError("nothing comes before the decision, so there is no token to read it at")
        return ends[-1]


def tokenize_text(
    model: Model,
    text: Text,
    begins: int | None = None,
    template_args: Mapping[str, JsonValue] | None = None,
) -> TokenizedText:
    """Tokenize a side; a final assistant message stays unfinished, and token ids are used unchanged."""
    if (ids := given_ids(text)) is not None:
        return TokenizedText(tuple(ids))
    if isinstance(text, str):
        reply = None if begins is None else (begins, len(text))
        return _tokenize(tokenizer_of(model), text, True, (), reply)
    messages = as_messages(messages_of(text))
    rendered = render_open(model, messages, template_args)
    turns = _message_spans(rendered.text, [str(message["content"]) for message in messages])
    is_open = messages[-1]["role"] == "assistant" and bool(messages[-1]["content"])
    # A chat template writes its special tokens itself; they must not be added twice.
    special = rendered.mode != "chat"
    if rendered.reply is not None:
        # Its own place, because the same words may stand in a message before it.
        turns = (*turns[:-1], _without_spaces(rendered.text, rendered.reply))
    side = _tokenize(tokenizer_of(model), rendered.text, special, turns, turns[-1] if is_open else None)
    return replace(side, note=rendered.note if is_open and rendered.mode == "chat" else "")


def _without_spaces(text: str, span: Span) -> Span:
    """The span of the words without white space around them."""
    words = text[slice(*span)]
    start = span[0] + len(words) - len(words.lstrip())
    return (start, start + len(words.strip()))


def first_difference(
    number: int, positive: TokenizedText, negative: TokenizedText
) -> tuple[TokenizedText, TokenizedText]:
    """Both sides up to the first token in which their answers differ: the letter or word that was chosen."""
    for place, (one, other) in enumerate(zip(positive.ids, negative.ids, strict=False)):
        # Up to and including this token, so that the last position is the choice itself.
        if one != other:
            return TokenizedText(positive.ids[: place + 1]), TokenizedText(negative.ids[: place + 1])
    raise BadInput(f"pair {number}: answers share first token, nothing tells them apart")


def _tokenize(
    tokenizer: PreTrainedTokenizerBase, text: str, special: bool, turns: tuple[Span, ...], reply: Span | None
) -> TokenizedText:
    # Only fast tokenizers know the offsets; slow ones raise if asked for them.
    encoded = tokenizer(
        text, add_special_tokens=special, return_offsets_mapping=bool(getattr(tokenizer, "is_fast", False))
    )
    offsets = tuple((int(a), int(b)) for a, b in encoded.get("offset_mapping", ()))
    return TokenizedText(tuple(encoded["input_ids"]), text, offsets, turns, reply)


def _message_spans(text: str, contents: list[str]) -> tuple[Span, ...]:
    """The character span of each message in the rendered text, in order; templates may trim messages."""
    spans, place = [], 0
    for content in contents:
        words = content.strip()
        # Searched behind the message before, so that a repeated text is found at its own place.
        found = text.find(words, place)
        start = place if found < 0 else found
        place = start if found < 0 else found + len(words)
        spans.append((start, place))
    return tuple(spans)
