"""The line format of the journal: encodes records so that crashes and damage are detected.

`{"n":7,"m":12,"t":"tok",…,"c":"89abcdef"}` and a newline: ASCII JSON (neither U+2028 nor a raw newline can
split a line), no NaN, and as last key the CRC-32 of the line without that key.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from types import NoneType

from sessions.journal.events import KINDS, Event, Json, UnknownEvent

LINE_LIMIT = 64 << 20
"""Longest line in bytes; a job's whole report is one event. Longer events are refused before writing."""
USUAL: dict[str, dict[str, Json]] = {
    t: {f.name: f.default for f in fields(kind) if f.default is not MISSING}
    | {f.name: f.default_factory() for f in fields(kind) if f.default_factory is not MISSING}
    for t, kind in KINDS.items()
}
"""The default values of each kind's fields; fields at their default are not written."""
SCALAR_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "str": (str,),
    "bool": (bool,),
    "int | None": (int, NoneType),
}
FIELD_TYPES = {
    t: {f.name: SCALAR_TYPES[str(f.type)] for f in fields(kind) if str(f.type) in SCALAR_TYPES}
    for t, kind in KINDS.items()
}
"""The types of each kind's scalar fields; events with other types become `UnknownEvent`."""


@dataclass(frozen=True)
class JournalRecord:
    """An event with its sequence number `n`, `m` milliseconds after the previous event."""

    n: int
    m: int
    event: Event


class BadLine(ValueError):
    """The line is torn, damaged or not a record."""


def encode(record: JournalRecord) -> bytes:
    # The CRC covers the line without its own field.
    body = _dump({"n": record.n, "m": record.m, **to_fields(record.event)})
    return b'%b,"c":"%08x"}\n' % (body[:-1], zlib.crc32(body))


def decode(line: bytes) -> JournalRecord:
    """Decode one line, with or without its newline. Raises `BadLine`."""
    line = line.rstrip(b"\n")
    # The last occurrence: text in the record may contain the same characters.
    head, _, tail = line.rpartition(b',"c":"')
    if tail != b'%08x"}' % zlib.crc32(head + b"}"):
        raise BadLine("checksum does not match")
    try:
        data = json.loads(head + b"}")
        return JournalRecord(int(data.pop("n")), int(data.pop("m")), from_fields(data))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadLine(f"not a record: {error}") from error


def to_fields(event: Event) -> dict[str, Json]:
    """The event as a flat JSON object with its kind `t`, without fields at their default."""
    if isinstance(event, UnknownEvent):
        return {"t": event.kind, **event.data}
    usual = USUAL[event.t]
    named = {
        # The fallback is `...`, because None can be a default.
        key: value
        for key, value in vars(event).items()
        if key != "extra" and usual.get(key, ...) != value
    }
    return {"t": event.t, **named, **event.extra}


def from_fields(data: Mapping[str, Json]) -> Event:
    """The inverse of `to_fields`; lists come back as tuples, so events stay immutable and comparable."""
    values = {key: _frozen(value) for key, value in data.items() if key != "t"}
    kind = KINDS.get(data["t"])
    if kind is None:
        return UnknownEvent(kind=data["t"], data=values)
    names = {f.name for f in fields(kind)} - {"extra"}
    known = {key: value for key, value in values.items() if key in names}
    rest = {key: value for key, value in values.items() if key not in names}
    try:
        # An event that the fold would trip over is stored as unknown instead.
        if all(isinstance(known[key], of) for key, of in FIELD_TYPES[data["t"]].items() if key in known):
            return kind(**known, extra=rest)
    # A required field is missing.
    except TypeError:
        pass
    return UnknownEvent(kind=data["t"], data=values)


def _frozen(value: Json) -> Json:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return value


def _dump(data: Json) -> bytes:
    try:
        text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    except ValueError:
        # Non-finite numbers are rare, so the data is searched for them only now.
        text = json.dumps(_finite(data), allow_nan=False, separators=(",", ":"))
    return text.encode("ascii")


def _finite(value: Json) -> Json:
    """Replace non-finite numbers by strings that `float()` accepts: "nan", "inf", "-inf"."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def round_digits(value: float) -> float:
    """Round to five significant digits. Log-probabilities are not rounded, because replay compares them."""
    return float(f"{value:.5g}")
