"""How far the terminal is behind: asked where its cursor is, it answers when it has read all that was written before.

What a write takes says nothing, because ssh and the kernel take megabytes before they make anybody wait. The answer has
the whole way behind it. Its shortest time is how far away the terminal is; what it takes longer is what the line still
has to carry. A line that stalls once makes one answer late, a slow line every one of them: nobody is asked twice at a
time. Inside tmux or mosh the answer comes from there, where frames are left out for slow lines anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual.message_pump import MessagePump

QUESTION = "\x1b[6n"
EVERY_S = 1.0
LATE_S = 0.5
"""An answer that takes so much longer than the quickest is late."""
TOO_MUCH_S = 3.0
"""Together, of answers that were late one after the other, two at least: then the line is slow."""
DEAF_S = 5.0
"""Who has never answered in this time is not asked again."""
LOST_S = 20.0
"""An answer that takes so long counts as one: it may have got lost, as inside of a paste, and is not the last."""
LEAVING_S = 2.0
"""How long to wait with leaving for an answer that the shell would read otherwise."""
LOOKED_S = 0.05
"""How often to look meanwhile whether it has come."""


class Lag:
    """Times are monotonic; `trip` is the quickest answer there was."""

    def __init__(self) -> None:
        self.trip = float("inf")
        self.behind: list[float] = []
        self._asked: float | None = None
        self._last, self._speaking = float("-inf"), False

    def due(self, now: float, speaking: bool) -> bool:
        """Whether it is time to ask: in the midst of an answer. At its beginning the line is quiet, whatever it is."""
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
        """Somebody else has the terminal."""
        self._asked, self.behind = None, []

    @property
    def slow(self) -> bool:
        return len(self.behind) > 1 and sum(self.behind) >= TOO_MUCH_S

    @property
    def words(self) -> str:
        return (
            f"this terminal is {self.behind[-1]:.1f} s behind: from here on only what changes is sent, and less often "
            "(slow-line mode; adapt = false in config.toml forbids it)"
        )

    def holds(self, now: float | None = None) -> bool:
        """Whether an answer is on its way that is worth waiting for before the terminal is given back."""
        now = monotonic() if now is None else now
        return self._asked is not None and now - self._asked < LEAVING_S

    def then(self, node: MessagePump, act: Callable[[], object]) -> None:
        """Act as soon as somebody else may have the terminal: a shell or an editor would take the answer for keys."""
        if self.holds():
            node.set_timer(LOOKED_S, lambda: self.then(node, act))
        else:
            act()
