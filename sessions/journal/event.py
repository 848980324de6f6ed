"""The event base class: frozen dataclasses registered under their kind `t`; unknown kinds are kept as
`UnknownEvent`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

SCHEMA = 1  # Raised only for changes that old readers would misread, not for new kinds and fields.

Json: TypeAlias = Any
KINDS: dict[str, type[Event]] = {}


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events. `extra` holds fields written by a newer version that this one does not know."""

    t: ClassVar[str] = ""
    extra: Mapping[str, Json] = field(default_factory=dict)

    def __init_subclass__(cls, t: str = "") -> None:
        cls.t = t
        if t:
            KINDS[t] = cls


@dataclass(frozen=True, kw_only=True)
class UnknownEvent(Event):
    """An event whose kind is unknown or whose fields are missing or mistyped; it is kept, not dropped."""

    kind: str
    data: Mapping[str, Json]
