"""The journal: numbers every event, writes it to disk, then passes it to the listeners, in that order.

A listener can rely on every event it gets being on disk. If the disk is full or missing, recording pauses
but the session goes on: events are still passed on, and a later `gap` event says how many are missing from
the file.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from core.errors import UsageError
from sessions.journal.append_file import JournalFile
from sessions.journal.codec import LINE_LIMIT, JournalRecord, decode, encode
from sessions.journal.events import (
    RECORDING,
    AnswerStopped,
    ErrorReported,
    Event,
    JobChanged,
    JournalRepaired,
    MixerChanged,
    RecordingGap,
    SessionClosed,
    TurnAdded,
)
from sessions.journal.folder import SessionFolder
from sessions.journal.reader import JournalContents, read
from sessions.journal.redaction import redact_event
from sessions.journal.repair import repair_journal
from sessions.journal.ulid import new_ulid

RING = 4096
URGENT = (TurnAdded, AnswerStopped, MixerChanged, RecordingGap, SessionClosed)
BATCH = 256

Listener: TypeAlias = Callable[[JournalRecord], None]


@dataclass(frozen=True)
class RecordingFailure:
    """Events from number `first` on were not written."""

    first: int
    reason: str


class Journal:
    """Thread-safe. Listeners run under the journal's lock, in order, and must be fast."""

    def __init__(self, session: str, file: JournalFile | None, seq: int = -1) -> None:
        self.session = session
        self.seq = seq
        self._file = file
        self._ring: deque[tuple[int, bytes]] = deque(maxlen=RING if file else None)
        self._failure: RecordingFailure | None = None
        self._clock = _milliseconds()
        self._listeners: list[Listener] = []
        self.lock = threading.RLock()

    @classmethod
    def create(cls, root: Path) -> tuple[Journal, SessionFolder]:
        """Create a new session below `root`."""
        folder = SessionFolder.create(root)
        return cls(folder.id, JournalFile(folder, folder.lock(), read_or_empty(folder))), folder

    @classmethod
    def resume(cls, folder: SessionFolder) -> tuple[Journal, JournalContents]:
        """Repair and reopen an old session; returns its contents too."""
        # Locked before reading: nobody else may append between reading and repair.
        lock = folder.lock()
        reading = read_or_empty(folder)
        torn_file = repair_journal(folder, reading)
        seq = reading.records[-1].n if reading.records else -1
        journal = cls(folder.id, JournalFile(folder, lock, reading), seq)
        if torn_file:
            bad = sum(damage.lines for damage in reading.damage)
            journal.append(JournalRepaired(torn_bytes=reading.torn, kept=torn_file.name, unreadable=bad))
        return journal, reading

    @classmethod
    def unrecorded(cls) -> Journal:
        """A journal in memory only, for `--no-record` and folders that cannot be written."""
        return cls(new_ulid(), None)

    @property
    def recording(self) -> bool:
        return self._file is not None and self._failure is None

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def append(self, event: Event) -> JournalRecord:
        """Number, store and publish one event; returns the record as readers see it."""
        # Redacted before it is encoded, so that neither the file nor a listener gets a key.
        event = redact_event(event)
        with self.lock:
            # After a failure, a gap event goes first and says what the file lacks.
            gap = [self._gap_event(self._failure)] if self._failure else []
            lines = self._encode_numbered([*gap, event])
            try:
                self._write(lines)
                self._failure = None
            except OSError as error:
                # Numbered again without the gap event, which is tried again with the next event.
                lines = self._encode_numbered([event, *self._pause_recording(error)])
                gap = []
            if self._file and _is_urgent(event):
                self._file.sync()
            return self._publish(lines)[len(gap)]

    def lines(self, since: int, most: int = BATCH) -> list[tuple[int, bytes]]:
        """Up to `most` lines after number `since`, from memory if recent, else from the file."""
        with self.lock:
            # Records from `oldest` on are in memory.
            oldest = self._ring[0][0] if self._ring else self.seq + 1
            if self._file and since + 1 < oldest:
                older = [pair for pair in self._file.lines(since, most) if pair[0] < oldest]
                if older:
                    return older
            skip = max(0, since + 1 - oldest)
            return list(islice(self._ring, skip, skip + most))

    def close(self, reason: str) -> None:
        """Append `close` and close the file; reserved space makes room for it on a full disk."""
        if self._file:
            # Freed first, so that the `close` event fits.
            self._file.free_reserve()
        self.append(SessionClosed(reason=reason))
        if self._file:
            self._file.close()
            self._file = None

    def _gap_event(self, failure: RecordingFailure) -> RecordingGap:
        return RecordingGap(
            lost=self.seq - failure.first + 1, first=failure.first, last=self.seq, reason=failure.reason
        )

    def _pause_recording(self, error: OSError) -> list[Event]:
        """The error event for the first failed write; the file does not get it either."""
        if self._failure:
            return []
        self._failure = RecordingFailure(self.seq + 1, error.strerror or type(error).__name__)
        return [
            ErrorReported(
                where="journal", message=f"recording paused: {self._failure.reason}", code=RECORDING
            )
        ]

    def _encode_numbered(self, events: list[Event]) -> list[tuple[int, bytes]]:
        elapsed = _milliseconds() - self._clock
        records = [
            JournalRecord(self.seq + 1 + k, 0 if k else elapsed, event) for k, event in enumerate(events)
        ]
        lines = [(record.n, encode(record)) for record in records]
        if (longest := max(len(line) for _, line in lines)) > LINE_LIMIT:
            raise UsageError(f"{longest} bytes are more than one line of a journal holds ({LINE_LIMIT})")
        return lines

    def _write(self, lines: list[tuple[int, bytes]]) -> None:
        if self._file:
            self._file.write(lines)

    def _publish(self, lines: list[tuple[int, bytes]]) -> list[JournalRecord]:
        """Pass records on, decoded from the stored bytes so that live events and replay cannot differ."""
        records = [decode(line) for _, line in lines]
        # Advance by whole milliseconds as stored, so that rounding errors do not add up.
        self._clock += records[0].m
        self._ring.extend(lines)
        for record in records:
            self.seq = record.n
            for listener in self._listeners:
                listener(record)
        return records


def read_or_empty(folder: SessionFolder) -> JournalContents:
    """The contents of the journal; empty if the session crashed before its first event."""
    folder.journal.touch(0o600)
    return read(folder.journal)


def _is_urgent(event: Event) -> bool:
    """Whether to flush at once: ends of turns and jobs, and mixer changes."""
    return isinstance(event, URGENT) or (isinstance(event, JobChanged) and event.state != "running")


def _milliseconds() -> int:
    return time.monotonic_ns() // 1_000_000
