"""The type of a value that JSON can hold, and objects in which no name stands twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

JsonValue: TypeAlias = Mapping[str, "JsonValue"] | Sequence["JsonValue"] | str | int | float | bool | None
"""Containers are read-only, so that a `dict[str, float]` or a tuple is such a value too."""


class DuplicateName(ValueError):
    """A name that stands twice in one JSON object; the text is the name."""


def unique_names(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """For `object_pairs_hook` of `json.loads`: the object, or `DuplicateName`."""
    seen: dict[str, JsonValue] = {}
    for name, value in pairs:
        # json keeps the last of two equal names; another reader may keep the first.
        if name in seen:
            raise DuplicateName(name)
        seen[name] = value
    return seen
