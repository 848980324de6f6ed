"""Replay a recorded session: its events at their original speed, without a model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord

LONGEST_PAUSE = 2.0


def replay_paced(
    records: Iterable[JournalRecord], speed: float, sleep: Callable[[float], None] = time.sleep
) -> Iterator[JournalRecord]:
    """The same records with their original delays; `speed` 0 means no delays, 2 twice as fast.

    Long pauses are shortened.
    """
    for record in records:
        if speed and record.m:
            sleep(min(LONGEST_PAUSE, record.m / 1000 / speed))
        yield record


def in_reading_order(records: Iterable[JournalRecord]) -> Iterator[JournalRecord]:
    """The same records in reading order: messages added during an answer come after it."""
    answering, later = False, list[JournalRecord]()
    for record in _without_repeats(records):
        # A prompt that waits behind a running answer would cut its text in two.
        if answering and isinstance(record.event, ev.TurnAdded):
            later.append(record)
            continue
        yield record
        if isinstance(record.event, ev.AnswerStarted | ev.AnswerStopped):
            answering = isinstance(record.event, ev.AnswerStarted)
            yield from later
            later = []
    yield from later


def _without_repeats(records: Iterable[JournalRecord]) -> Iterator[JournalRecord]:
    """Tokens can be written twice when their text was completed later; yield only the added text."""
    last: tuple[int, int] | None = None
    text = ""
    for record in records:
        event = record.event
        if isinstance(event, ev.TokensGenerated) and event.lane == 0 and event.text:
            # The repeated token is written with its full text: keep what is new of it.
            if last == (event.gen, event.i) and event.text[0].startswith(text):
                record = replace(
                    record, event=replace(event, text=(event.text[0][len(text) :], *event.text[1:]))
                )
            last, text = (event.gen, event.i + len(event.text) - 1), event.text[-1]
        elif isinstance(event, ev.AnswerRewound):
            # After a rewind the same index is a new token.
            last = None
        yield record
