"""The job queue of a model: jobs run one after the other, in the order of arrival."""

from __future__ import annotations

import threading


class QueuePlace:
    """A job's place in the queue. `cancelled` lets it leave before its turn, or end early. A finished
    (`done`) place blocks the next one only until it calls `leave`.
    """

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.done = False


class JobQueue:
    """Thread-safe. A waiting job costs only its thread."""

    def __init__(self) -> None:
        self._places: list[QueuePlace] = []
        self._changed = threading.Condition()

    @property
    def busy(self) -> bool:
        return any(not place.done for place in self._places)

    def join(self) -> QueuePlace:
        with self._changed:
            self._places.append(QueuePlace())
            return self._places[-1]

    def is_first(self, place: QueuePlace) -> bool:
        # Finished places count too: the next job waits until the end of this one is recorded.
        return self._places[:1] == [place]

    def wait_turn(self, place: QueuePlace) -> bool:
        """Wait for this place's turn; False if it was cancelled first."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_first(place) or place.cancelled.is_set())
        return not place.cancelled.is_set()

    def cancel(self, place: QueuePlace) -> None:
        with self._changed:
            place.cancelled.set()
            self._changed.notify_all()

    def leave(self, place: QueuePlace) -> None:
        with self._changed:
            self._places.remove(place)
            self._changed.notify_all()
