"""What the program uses of a tokenizer; those of transformers have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from core.json_values import JsonValue


class Tokenizer(Protocol):
    """Turns text into token ids and back, and conversations into text."""

    def __call__(self, text: str, *, add_special_tokens: bool = True) -> Mapping[str, list[int]]:
        """`input_ids`, and other lists beside them."""

    def decode(
        self,
        token_ids: Sequence[int],
        *,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
    ) -> str: ...

    def apply_chat_template(
        self,
        conversation: Sequence[Mapping[str, str]],
        *,
        tokenize: bool,
        add_generation_prompt: bool,
        **variables: JsonValue,
    ) -> str: ...
