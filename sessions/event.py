"""What an event is: a frozen dataclass that registers itself under its `t`, or something unknown that is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

SCHEMA = 1  # Raised only when an old reader would misunderstand a new journal: not for new kinds and fields.

Json: TypeAlias = Any
KINDS: dict[str, type[Event]] = {}


@dataclass(frozen=True, kw_only=True)
class Event:
    """`extra` holds the fields a newer version wrote and this one does not know."""

    t: ClassVar[str] = ""
    extra: Mapping[str, Json] = field(default_factory=dict)

    def __init_subclass__(cls, t: str = "") -> None:
        cls.t = t
        if t:
            KINDS[t] = cls


@dataclass(frozen=True, kw_only=True)
class Other(Event):
    """A kind this version does not know, or one whose fields are missing or of another type: kept, never dropped."""

    kind: str
    data: Mapping[str, Json]
