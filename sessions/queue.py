"""The queue of jobs: whoever holds the model, one job after the other works with it, in the order they came."""

from __future__ import annotations

import threading


class Place:
    """Somebody's place in the queue; `cancelled` lets them go before their turn has come, or end after it.
    Who is `done` only has to tell it before the next one begins."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.done = False


class Queue:
    """Safe from any thread. A job that waits costs nothing but its thread."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._moved = threading.Condition()

    @property
    def busy(self) -> bool:
        return any(not place.done for place in self._places)

    def join(self) -> Place:
        with self._moved:
            self._places.append(Place())
            return self._places[-1]

    def first(self, place: Place) -> bool:
        return self._places[:1] == [place]

    def turn(self, place: Place) -> bool:
        """Waits for this place's turn; False when it was cancelled first."""
        with self._moved:
            self._moved.wait_for(lambda: self.first(place) or place.cancelled.is_set())
        return not place.cancelled.is_set()

    def cancel(self, place: Place) -> None:
        with self._moved:
            place.cancelled.set()
            self._moved.notify_all()

    def leave(self, place: Place) -> None:
        with self._moved:
            self._places.remove(place)
            self._moved.notify_all()
