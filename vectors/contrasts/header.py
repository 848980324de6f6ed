"""The header of a contrast file: an optional first entry that says what the set is, and holds no texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import UsageError
from core.json_values import JsonValue
from vectors.contrasts.records import BadRecord, PairRecord
from vectors.texts.pair import ContrastSet
from vectors.texts.position_spec import check_read

KEYS = frozenset({"read", "poles", "about"})


@dataclass(frozen=True)
class SetHeader:
    """What a file says of itself; None where it says nothing."""

    read: str | None = None
    poles: tuple[str, str] | None = None
    about: str | None = None

    def describe_set(self, contrast: ContrastSet) -> ContrastSet:
        """The set with what the header says."""
        said = {key: value for key in sorted(KEYS) if (value := getattr(self, key)) is not None}
        return replace(contrast, **said)

    def to_json(self) -> dict[str, JsonValue]:
        said = {"read": self.read, "poles": list(self.poles or ()) or None, "about": self.about}
        return {key: value for key, value in said.items() if value is not None}


def take_header(entries: Sequence[PairRecord]) -> tuple[SetHeader, Sequence[PairRecord]]:
    """The header, empty if the first entry is none, and the other entries."""
    if not entries or not entries[0].fields or not KEYS.issuperset(entries[0].fields):
        return SetHeader(), entries
    return _parse_header(entries[0]), entries[1:]


def _parse_header(record: PairRecord) -> SetHeader:
    read, poles, about = (record.fields.get(key) for key in ("read", "poles", "about"))
    if read is not None and not isinstance(read, str):
        raise BadRecord(f"{record.place}: read has to be a text")
    if about is not None and not isinstance(about, str):
        raise BadRecord(f"{record.place}: about has to be a text")
    if poles is not None and not _are_poles(poles):
        raise BadRecord(f'{record.place}: poles has to be two texts, such as ["warm", "cold"]')
    try:
        checked = None if read is None else check_read(read)
    except UsageError as problem:
        raise BadRecord(f"{record.place}: {problem}") from None
    return SetHeader(checked, None if poles is None else (poles[0], poles[1]), about)


def _are_poles(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(isinstance(pole, str) and pole.strip() for pole in value)
