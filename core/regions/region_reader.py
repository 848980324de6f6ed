"""In which region an answer is, token by token while it is streamed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from transformers.utils.chat_parsing import ResponseParser

from core.regions.notations import ANSWER, Notation


class RegionReader:
    """Runs transformers' response parser over one assistant's turn; `region` is where the next token will stand,
    `closed` are the regions that have been and are over.

    Without a notation everything is answer.
    """

    def __init__(self, notation: Notation | None, tokenizer: Any) -> None:
        self.notation, self._tokenizer = notation, tokenizer
        self.region = ANSWER
        self.closed: set[str] = set()
        self.marks = frozenset() if notation is None else notation.shown_marks(tokenizer)
        self._parser: ResponseParser | None = None

    def begin(self, ids: Sequence[int]) -> str:
        """Start anew: `ids` are this turn's, its prompt included; the region behind them.

        Only what follows the last opening of an assistant's turn is parsed, so that marks in a user's text mean
        nothing, and a template that opens the thought itself starts inside it.
        """
        self.region, self.closed = ANSWER, set()
        if self.notation is not None:
            self._parser = ResponseParser(self.notation.as_template(), prefix=self._text(ids))
            self._follow(self._parser.initial_events)
        return self.region

    def feed(self, token_id: int) -> str:
        """The region behind one more token."""
        if self.notation is None:
            return ANSWER
        if self._parser is None:
            self.begin(())
        assert self._parser is not None
        self._follow(self._parser.feed(self._text((token_id,))))
        return self.region

    def _follow(self, events: Iterable[dict[str, Any]]) -> None:
        for event in events:
            if event["type"] == "region_open":
                self.region = str(event["field"])
            elif event["type"] == "region_close":
                self.region = ANSWER
                self.closed.add(str(event["field"]))

    def _text(self, ids: Sequence[int]) -> str:
        """The text with its marks: a mark is known by its id, because a decoder may put a space before it."""
        assert self.notation is not None
        by_id = self.notation.by_id
        parts = []
        for is_mark, run in groupby(ids, key=by_id.__contains__):
            few = list(run)
            parts += [by_id[each] for each in few] if is_mark else [self._decode(few)]
        return "".join(parts)

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))


def token_region(before: str, after: str) -> str:
    """The region that a token is shown in, from those before and behind it: marks belong to what they mark."""
    return before if after == ANSWER else after
