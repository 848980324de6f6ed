"""Queue of mixer changes, applied only between two forward passes.

A new mixer state is turned into a plan on the thread that sets it, queued here, and taken by the decode
thread before its next pass; a state that is replaced before it is taken is marked superseded. No pass ever
mixes two plans.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from core.mixer.mixer import Mixer
from core.steering.plan import Plan

Ages = tuple[float, ...]
Compile = Callable[[Mixer, Ages], Plan]


@dataclass
class QueuedChange:
    """Receipt of one change: `at` is the first token it can affect, unless a newer change replaced it."""

    revision: int
    mixer: Mixer
    at: int
    superseded: bool = False


class MixerQueue:
    """Holds the newest requested mixer and the plan that is in force."""

    def __init__(self, compile_plan: Compile, mixer: Mixer) -> None:
        self._make_plan = compile_plan
        # `_editing` keeps editors in order while they plan; `_lock` guards the hand-over only.
        self._editing = threading.Lock()
        self._lock = threading.Lock()
        self._next = 0
        self._pending: tuple[QueuedChange, Plan] | None = None
        self.plan = compile_plan(mixer, ())
        self._since = (0,) * len(mixer.channels)
        self.current = QueuedChange(0, mixer, 0)
        self.newest = self.current

    def set(self, mixer: Mixer) -> QueuedChange:
        """Queue a mixer for the next pass not yet begun; raises at once if it cannot be applied."""
        with self._editing:
            # Planned before `_lock` is taken, so that the decode thread does not wait for it.
            plan = self._make_plan(mixer, ())
            with self._lock:
                if self._pending is not None:
                    self._pending[0].superseded = True
                self.newest = QueuedChange(self.newest.revision + 1, mixer, self._next)
                self._pending = self.newest, plan
                return self.newest

    def take_plan(self, index: int) -> Plan:
        """Apply the queued change, if any, and return the plan of the pass that produces token `index`."""
        with self._lock:
            pending, self._pending = self._pending, None
            # The pass of `index` has its plan now: later changes affect the next token at the earliest.
            self._next = index + 1
            if pending is not None:
                self._since = self._unchanged_since(pending[0].mixer, index)
                self.current, self.plan = pending
        # A half-life changes the coefficients with every token.
        if self.plan.decays:
            self.plan = self._make_plan(
                self.current.mixer, tuple(float(index - since) for since in self._since)
            )
        return self.plan

    def _unchanged_since(self, mixer: Mixer, index: int) -> tuple[int, ...]:
        """Per channel, the token since which it is unchanged; an edit does not reset other channels."""
        before = list(zip(self.current.mixer.channels, self._since, strict=True))
        return tuple(
            next((since for old, since in before if old == channel), index) for channel in mixer.channels
        )

    def rewind_to(self, index: int) -> None:
        """After a rewind: the next pass produces token `index` again."""
        with self._lock:
            self._next = index
            # Otherwise a channel changed after `index` would have a negative age.
            self._since = tuple(min(since, index) for since in self._since)
            if self._pending is not None:
                self._pending[0].at = index
