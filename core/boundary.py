"""The token boundary: the only moment at which anything changes.

Dials are turned on any thread. A new state is compiled there, queued here, and taken by the decode thread before its
next pass; a state that is overtaken before its boundary is marked superseded. No pass ever sees two plans.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from core.mixer import Mixer
from core.plan import Plan

Ages = tuple[float, ...]
Compile = Callable[[Mixer, Ages], Plan]


@dataclass
class Ticket:
    """The acknowledgement of one change: token `at` is the first it can affect, unless a newer change overtook it."""

    revision: int
    mixer: Mixer
    at: int
    superseded: bool = False


class Boundary:
    """Newest wanted state on one side, the plan in force on the other."""

    def __init__(self, compile_plan: Compile, mixer: Mixer) -> None:
        self._compile = compile_plan
        self._editing = threading.Lock()
        self._lock = threading.Lock()
        self._next = 0
        self._pending: tuple[Ticket, Plan] | None = None
        self.plan = compile_plan(mixer, ())
        self._since = (0,) * len(mixer.channels)
        self.current = Ticket(0, mixer, 0)
        self.newest = self.current

    def set(self, mixer: Mixer) -> Ticket:
        """Queue a state for the next pass not yet begun. What cannot be played is refused here, before any pass."""
        with self._editing:
            plan = self._compile(mixer, ())
            with self._lock:
                if self._pending is not None:
                    self._pending[0].superseded = True
                self.newest = Ticket(self.newest.revision + 1, mixer, self._next)
                self._pending = self.newest, plan
                return self.newest

    def take(self, index: int) -> Plan:
        """The plan of the pass that produces token `index`."""
        with self._lock:
            pending, self._pending = self._pending, None
            self._next = index + 1
            if pending is not None:
                self._since = self._still(pending[0].mixer, index)
                self.current, self.plan = pending
        if self.plan.decays:
            self.plan = self._compile(
                self.current.mixer, tuple(float(index - since) for since in self._since)
            )
        return self.plan

    def _still(self, mixer: Mixer, index: int) -> tuple[int, ...]:
        """Since which token each channel is as it is: an edit of one does not make another one young again."""
        before = list(zip(self.current.mixer.channels, self._since, strict=True))
        return tuple(
            next((since for old, since in before if old == channel), index) for channel in mixer.channels
        )

    def back_to(self, index: int) -> None:
        """After a rewind the next pass produces token `index` again."""
        with self._lock:
            self._next = index
            self._since = tuple(min(since, index) for since in self._since)
            if self._pending is not None:
                self._pending[0].at = index
