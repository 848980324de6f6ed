"""A small thread-safe LRU cache, so that long sessions do not grow.

Shared by the thread that changes the mixer and the one that decodes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class LruCache(Generic[T]):
    """At most `limit` values by key; the least recently used is dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._made: dict[Hashable, T] = {}
        self._lock = threading.Lock()

    def get_or_make(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of this key, made now if it is not cached."""
        with self._lock:
            if key in self._made:
                # A dict keeps the order of insertion: its end is the most recently used.
                self._made[key] = self._made.pop(key)
                return self._made[key]
        # Made outside the lock, because it may be slow; at worst two threads make the same value.
        return self._store(key, make())

    def _store(self, key: Hashable, thing: T) -> T:
        with self._lock:
            self._made[key] = thing
            while len(self._made) > self._limit:
                del self._made[next(iter(self._made))]
        return thing
