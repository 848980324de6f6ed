"""A small memory of what was made lately: the oldest goes when it is full, so that long sessions do not grow.

Shared by the thread that turns a dial and the one that decodes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """At most `limit` made things, by key."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._made: dict[Hashable, T] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing of this key, made now if it is not remembered."""
        with self._lock:
            if key in self._made:
                self._made[key] = self._made.pop(key)
                return self._made[key]
        return self._keep(key, make())

    def _keep(self, key: Hashable, thing: T) -> T:
        with self._lock:
            self._made[key] = thing
            while len(self._made) > self._limit:
                del self._made[next(iter(self._made))]
        return thing
