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
        self.fastest_reply = float("inf")
        self.delays: list[float] = []
        self._asked: float | None = None
        self._last, self._speaking = float("-inf"), False

    def should_query(self, now: float, speaking: bool) -> bool:
        """Whether to query now: only while an answer is being generated, not at its start."""
        amidst, self._speaking = speaking and self._speaking, speaking
        return self._may_query(now) and amidst

    def _may_query(self, now: float) -> bool:
        if self._asked is None:
            return now - self._last >= EVERY_S
        if self.fastest_reply == float("inf") and now - self._asked > DEAF_S:
            # With `_last` at infinity no later query is ever due.
            self._asked, self._last = None, float("inf")
        elif now - self._asked > LOST_S:
            # Counted as a late reply, so that the next query can be sent.
            self.reply_received(now)
        return False

    def query_sent(self, now: float) -> None:
        self._asked = self._last = now

    def reply_received(self, now: float) -> None:
        if self._asked is None:
            return
        trip, self._asked = now - self._asked, None
        self.fastest_reply = min(self.fastest_reply, trip)
        late = trip - self.fastest_reply
        # A timely reply starts over: one stall does not make a slow line.
        self.delays = [*self.delays, late] if late > LATE_S else []

    def forget_query(self) -> None:
        """Drop the open query: another program has the terminal."""
        self._asked, self.delays = None, []

    @property
    def slow(self) -> bool:
        return len(self.delays) > 1 and sum(self.delays) >= TOO_MUCH_S

    @property
    def notice(self) -> str:
        return (
            f"this terminal is {self.delays[-1]:.1f} s behind: from now on only changes are sent, and less often "
            "(slow-line mode; adapt = false in config.toml turns it off)"
        )

    def reply_pending(self, now: float | None = None) -> bool:
        """Whether a reply is still expected that should be read before the terminal is given away."""
        now = monotonic() if now is None else now
        return self._asked is not None and now - self._asked < LEAVING_S

    def run_after_reply(self, node: MessagePump, act: Callable[[], object]) -> None:
        """Call `act` once no reply is pending, because a shell or editor would read the reply as keys."""
        if self.reply_pending():
            node.set_timer(LOOKED_S, lambda: self.run_after_reply(node, act))
        else:
            act()
