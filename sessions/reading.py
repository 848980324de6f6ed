"""Reading a journal that may have been hurt: every good record is returned, every bad one counted and placed.

A reader that stops at the first bad line loses the rest of a session; this one goes on at the next line
whose checksum holds, and says what it passed over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput
from sessions.event import SCHEMA
from sessions.events import Close, Open
from sessions.lines import BadLine, Record, decode

HEAD = b'{"n":'
"""How every line begins, and what may stand in it: only the checksum tells."""


@dataclass(frozen=True)
class Damage:
    """`lines` bad lines, after record `after` and before record `before`."""

    lines: int
    after: int
    before: int


@dataclass(frozen=True)
class Reading:
    """What a journal holds. `spans`: where the records lie; from `end` on there is only a torn tail."""

    records: tuple[Record, ...]
    spans: tuple[tuple[int, int], ...]
    damage: tuple[Damage, ...]
    repeated: int
    end: int
    torn: int

    def report(self) -> str:
        """One sentence on what is wrong, or nothing."""
        said = [
            f"{damage.lines} records unreadable (seq {damage.after + 1}–{damage.before - 1})"
            for damage in self.damage
        ]
        if self.repeated:
            said.append(f"{self.repeated} records twice")
        if self.torn:
            said.append(f"{self.torn} bytes of an unfinished record at the end")
        return "; ".join(said)


def read(path: Path) -> Reading:
    """The journal at `path`; the file is only read."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot read the journal {path} ({error.strerror})") from error
    reading = scan(data)
    newest = max((r.event.schema for r in reading.records if isinstance(r.event, Open)), default=SCHEMA)
    if newest > SCHEMA:
        raise BadInput(
            f"{path} was written by newer version {newest} of the journal; this one reads {SCHEMA}"
        )
    return reading


def scan(data: bytes) -> Reading:
    """All good records of a journal's bytes, in order and once each."""
    records: list[Record] = []
    spans: list[tuple[int, int]] = []
    damage: list[Damage] = []
    bad = repeated = start = end = 0
    last = -1
    for line in _lines(data):
        record, skipped = _record(line)
        bad += skipped > 0
        if record:
            if bad:
                damage.append(Damage(bad, last, record.n))
            bad, end = 0, start + len(line)
            if record.n > last:
                records.append(record)
                spans.append((start + skipped, len(line) - skipped))
                last = record.n
            else:
                repeated += 1
        start += len(line)
    return Reading(tuple(records), tuple(spans), tuple(damage), repeated, end, len(data) - end)


def follow(path: Path, *, wait: Callable[[], None] = lambda: time.sleep(0.05)) -> Iterator[Record]:
    """The records of a journal that is being written, until its `close`; `wait` runs when there is none."""
    rest = b""
    with path.open("rb") as file:
        while True:
            *lines, rest = (rest + file.read()).split(b"\n")
            for record, _ in (_record(line + b"\n") for line in lines):
                if record:
                    yield record
                if record and isinstance(record.event, Close):
                    return
            if not lines:
                wait()


def _record(line: bytes) -> tuple[Record | None, int]:
    """The record of a line and the bytes of damage before it: a good line may be glued to a torn one.

    A last line without its newline was never finished, whatever it says.
    """
    start = 0
    while line.endswith(b"\n") and start >= 0:
        with suppress(BadLine):
            return decode(line[start:]), start
        start = line.find(HEAD, start + 1)
    return None, len(line)


def _lines(data: bytes) -> list[bytes]:
    """With their newlines; only a newline ends a line here, whatever else `splitlines` would take for one."""
    *whole, rest = data.split(b"\n")
    return [line + b"\n" for line in whole] + ([rest] if rest else [])
