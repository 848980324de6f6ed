"""Measures how far the terminal is behind, by asking for the cursor position and timing the reply.

Timing a write says nothing, because ssh and the kernel buffer megabytes. The reply comes after
everything written before it has been read. The shortest reply time is the network distance; anything
beyond it is output still in transit. A line that stalls once delays one reply, a slow line delays every
reply. Only one query is open at a time. Inside tmux or mosh the reply comes from there, where frames
are dropped for slow lines anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual.message_pump import MessagePump

QUESTION = "\x1b[6n"
EVERY_S = 1.0
LATE_S = 0.5
"""A reply that takes this much longer than the fastest one is late."""
TOO_MUCH_S = 3.0
"""Total delay of consecutive late replies (at least two) above which the line is slow."""
DEAF_S = 5.0
"""A terminal that has not replied at all in this time is not asked again."""
LOST_S = 20.0
"""A reply that takes longer is taken as lost (for example inside a paste)."""
LEAVING_S = 2.0
"""How long to wait on exit for a reply that the shell would otherwise read."""
LOOKED_S = 0.05
"""How often to check during that wait."""


class TerminalLag:
    """Measures the reply times of the terminal (monotonic clock); `fastest_reply` is the shortest."""

    def __init__(self) -> None:
        self.trip = float("inf")
        self.behind: list[float] = []
        self._asked: float | None = None
        self._last, self._speaking = float("-inf"), False

    def due(self, now: float, speaking: bool) -> bool:
        """Whether to query now: only while an answer is being generated, not at its start."""
        amidst, self._speaking = speaking and self._speaking, speaking
        return self._free(now) and amidst

    def _free(self, now: float) -> bool:
        if self._asked is None:
            return now - self._last >= EVERY_S
        if self.trip == float("inf") and now - self._asked > DEAF_S:
            self._asked, self._last = None, float("inf")
        elif now - self._asked > LOST_S:
            self.answered(now)
        return False

    def asked(self, now: float) -> None:
        self._asked = self._last = now

    def answered(self, now: float) -> None:
        if self._asked is None:
            return
        trip, self._asked = now - self._asked, None
        self.trip = min(self.trip, trip)
        late = trip - self.trip
        self.behind = [*self.behind, late] if late > LATE_S else []

    def forget(self) -> None:
        """Drop the open query: another program has the terminal."""
        self._asked, self.behind = None, []

    @property
    def slow(self) -> bool:
        return len(self.behind) > 1 and sum(self.behind) >= TOO_MUCH_S

    @property
    def words(self) -> str:
        return (
            f"this terminal is {self.behind[-1]:.1f} s behind: from now on only changes are sent, and less often "
            "(slow-line mode; adapt = false in config.toml turns it off)"
        )

    def holds(self, now: float | None = None) -> bool:
        """Whether a reply is still expected that should be read before the terminal is given away."""
        now = monotonic() if now is None else now
        return self._asked is not None and now - self._asked < LEAVING_S

    def then(self, node: MessagePump, act: Callable[[], object]) -> None:
        """Call `act` once no reply is pending, because a shell or editor would read the reply as keys."""
        if self.holds():
            node.set_timer(LOOKED_S, lambda: self.then(node, act))
        else:
            act()
