"""A small memory of what was made lately: the oldest goes when it is full, so that long sessions do not grow."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """At most `limit` made things, by key."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._made: dict[Hashable, T] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing of this key, made now if it is not remembered."""
        found = self._made.pop(key) if key in self._made else make()
        self._made[key] = found
        while len(self._made) > self._limit:
            del self._made[next(iter(self._made))]
        return found
