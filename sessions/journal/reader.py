"""Read a journal that may be damaged: return every good record, count and locate every bad one.

After a bad line, reading continues at the next line whose checksum holds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput
from core.files import GIBI, open_regular, read_regular
from sessions.journal.codec import BadLine, JournalRecord, decode
from sessions.journal.event import SCHEMA
from sessions.journal.events import SessionClosed, SessionOpened

JOURNAL_BYTES = 4 * GIBI
HEAD = b'{"n":'
"""Every line starts with this. Text inside a line can contain it too; only the checksum decides."""


@dataclass(frozen=True)
class JournalDamage:
    """`lines` unreadable lines between records `after` and `before`."""

    lines: int
    after: int
    before: int


@dataclass(frozen=True)
class JournalContents:
    """The contents of a journal. `spans`: (start, length) of each record in the file; after `end` there is
    only an unfinished line.
    """

    records: tuple[JournalRecord, ...]
    spans: tuple[tuple[int, int], ...]
    damage: tuple[JournalDamage, ...]
    repeated: int
    end: int
    torn: int

    def damage_words(self) -> str:
        """One sentence about the damage; empty if there is none."""
        said = [
            f"{damage.lines} records unreadable (seq {damage.after + 1}–{damage.before - 1})"
            for damage in self.damage
        ]
        if self.repeated:
            said.append(f"{self.repeated} records twice")
        if self.torn:
            said.append(f"{self.torn} bytes of an unfinished record at the end")
        return "; ".join(said)


def read(path: Path) -> JournalContents:
    """Read the journal at `path`, without changing it."""
    try:
        data = read_regular(path, JOURNAL_BYTES)
    except OSError as error:
        raise BadInput(f"cannot read the journal {path} ({error.strerror})") from error
    reading = scan_journal(data)
    newest = max(
        (r.event.schema for r in reading.records if isinstance(r.event, SessionOpened)), default=SCHEMA
    )
    if newest > SCHEMA:
        raise BadInput(
            f"{path} was written by newer version {newest} of the journal; this one reads {SCHEMA}"
        )
    return reading


def scan_journal(data: bytes) -> JournalContents:
    """All good records in a journal's bytes, in order and without repeats."""
    records: list[JournalRecord] = []
    spans: list[tuple[int, int]] = []
    damage: list[JournalDamage] = []
    bad = repeated = start = end = 0
    last = -1
    for line in _split_lines(data):
        record, skipped = _decode_line(line)
        bad += skipped > 0
        if record:
            if bad:
                damage.append(JournalDamage(bad, last, record.n))
            bad, end = 0, start + len(line)
            if record.n > last:
                records.append(record)
                spans.append((start + skipped, len(line) - skipped))
                last = record.n
            else:
                repeated += 1
        start += len(line)
    return JournalContents(tuple(records), tuple(spans), tuple(damage), repeated, end, len(data) - end)


def follow_journal(
    path: Path, *, wait: Callable[[], None] = lambda: time.sleep(0.05)
) -> Iterator[JournalRecord]:
    """The records of a growing journal up to its `close`; `wait` is called when there is nothing new."""
    rest = b""
    with open_regular(path) as file:
        while True:
            *lines, rest = (rest + file.read()).split(b"\n")
            for record, _ in (_decode_line(line + b"\n") for line in lines):
                if record:
                    yield record
                if record and isinstance(record.event, SessionClosed):
                    return
            if not lines:
                wait()


def _decode_line(line: bytes) -> tuple[JournalRecord | None, int]:
    """The record of a line and the number of damaged bytes before it: a good record may follow a torn one on
    a line.

    A last line without a newline is never accepted.
    """
    start = 0
    while line.endswith(b"\n") and start >= 0:
        with suppress(BadLine):
            return decode(line[start:]), start
        start = line.find(HEAD, start + 1)
    return None, len(line)


def _split_lines(data: bytes) -> list[bytes]:
    """The lines with their newlines; unlike `splitlines`, only a newline ends a line."""
    *whole, rest = data.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])
