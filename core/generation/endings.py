"""The text of an answer and where it ends: stop texts and end tokens.

Text is streamed from token ids: incomplete characters and possible beginnings of stop texts are held back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from core.model.tokenizer import Tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

UNFINISHED = "�"
LONGEST_CHARACTER = 4


def end_ids(hf: PreTrainedModel, tokenizer: Tokenizer | None) -> frozenset[int]:
    """Every id that ends an answer: of generation configuration, configuration and tokenizer."""
    sources = (getattr(hf, "generation_config", None), getattr(hf, "config", None), tokenizer)
    found: set[int] = set()
    for source in sources:
        ids = getattr(source, "eos_token_id", None)
        found |= {int(i) for i in (ids if isinstance(ids, list | tuple) else [ids]) if i is not None}
    return frozenset(found)


class TextStream:
    """Text of one growing answer; `stopped` once a stop text was found (it is not part of the text)."""

    def __init__(
        self, tokenizer: Tokenizer | None, stops: Sequence[str] = (), marks: Collection[int] = ()
    ) -> None:
        """`marks`: special tokens that are text all the same, so that a thought can be told from the answer."""
        self._tokenizer = tokenizer
        self._stops = [stop for stop in stops if stop]
        self._marks = marks
        self._silent = special_ids(tokenizer).difference(marks)
        self._ids: list[int] = []
        self._settled = self._read = self._shown = 0
        self._held = ""
        self.stopped = False

    def push(self, token_id: int) -> str:
        """The text that is final once this token is known."""
        if token_id in self._silent:
            return ""
        self._ids.append(token_id)
        return "" if self.stopped else self._hold_stop_texts(self._decode())

    def flush(self) -> str:
        """The text still held back, at the end of the answer."""
        rest = self._decode(final=True)
        held, self._held = self._held + rest, ""
        return "" if self.stopped else held

    def _decode(self, final: bool = False) -> str:
        """The new characters, decoded from the last position after which text cannot change.

        At most the last three bytes can still become a character; invalid bytes before them stay invalid.
        """
        whole = self._text(self._ids[self._settled :])
        # Replacement characters at the end may be a character whose last bytes are still to come.
        broken = len(whole) - len(whole.rstrip(UNFINISHED))
        # Every token adds at least one byte, so after four only the last three bytes can be unfinished.
        patient = len(self._ids) - self._read < LONGEST_CHARACTER
        held = 0 if final else broken if patient else min(broken, LONGEST_CHARACTER - 1)
        fresh = whole[self._shown : len(whole) - held]
        self._shown = max(self._shown, len(whole) - held)
        if not broken:
            # One piece stays as context: a decoder may drop the space before the first token it gets.
            self._settled, self._read = self._read, len(self._ids)
            self._shown = len(self._text(self._ids[self._settled :]))
        return fresh

    def _text(self, ids: list[int]) -> str:
        if self._tokenizer is None or not ids:
            return ""
        # Silent ids were left out already; where there are marks, these must not be skipped.
        return self._tokenizer.decode(
            ids, skip_special_tokens=not self._marks, clean_up_tokenization_spaces=False
        )

    def _hold_stop_texts(self, fresh: str) -> str:
        text = self._held + fresh
        found = [at for at in (text.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        # Held back: the longest end that can still grow into a stop text.
        keep = max((_overlap_length(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def special_ids(tokenizer: Tokenizer | None) -> frozenset[int]:
    """Ids without text; between two halves of a character they would make it look invalid."""
    added = getattr(tokenizer, "added_tokens_decoder", {})
    return frozenset(getattr(tokenizer, "all_special_ids", ())) | {i for i, t in added.items() if t.special}


def _overlap_length(text: str, stop: str) -> int:
    """Length of the longest suffix of `text` that is a prefix of `stop`."""
    return next((n for n in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:n])), 0)
