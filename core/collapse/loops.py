"""Finds loops in a growing text: its tokens repeat, exactly or nearly, at a fixed distance.

At lag p a token agrees if it equals the token p places before. A text loops with period p (1 … 256) when, over its
last n tokens, the share of agreements at lag p reaches the limit of one of two tiers:

| n | limit | finds |
|---|---|---|
| max(⌈1.25 p⌉, 24) | 0.95 | exact loops, after max(2.25 p, p + 24) tokens |
| max(⌈2.5 p⌉, 48) | 0.88 | loops in which a word changes now and then |

A refrain does not loop: at its lag, the verses between disagree.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

LONGEST = 256
"""The longest period that is looked for, in tokens."""
UNKNOWN = -1
"""A token whose line in the journal is lost: it agrees with none."""
KEPT = 1280
"""After so many tokens, agreements that no window reaches any more are dropped."""


def _tier_windows(lag: int) -> tuple[tuple[int, int], ...]:
    """(window, agreements needed in it) of both tiers, rounded up in whole numbers."""
    windows = max(-(-5 * lag // 4), 24), max(-(-5 * lag // 2), 48)
    return tuple((n, -(-percent * n // 100)) for n, percent in zip(windows, (95, 88), strict=True))


WINDOWS = tuple(_tier_windows(lag) for lag in range(LONGEST + 1))
REACH = WINDOWS[LONGEST][-1][0] + LONGEST
"""So many last tokens decide alone; earlier ones change nothing."""


class LoopDetector:
    """Reads a text token by token; `period` is the smallest lag at which it loops now, or None."""

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self.period: int | None = None
        self._count = self._start = 0
        self._places: dict[int, deque[int]] = {}
        # Per lag an integer whose bit i says whether token `_start` + i agreed at this lag.
        self._agreed = [0] * (LONGEST + 1)
        self._looping: set[int] = set()
        self._due: dict[int, list[int]] = {}
        self._postponed: list[int] = [*range(1, LONGEST + 1)]
        self._judge_lags()
        for token in ids:
            self.add_token(token)

    def add_token(self, token: int) -> int | None:
        """Read one more token; returns the period."""
        if token != UNKNOWN:
            self._mark_agreements(token)
        self._count += 1
        self._judge_lags()
        if self._count - self._start > KEPT:
            self._drop_old()
        return self.period

    def best_agreement(self, window: int) -> float:
        """The largest share of the last `window` tokens that agree at one lag."""
        before = max(self._count - window - self._start, 0)
        return max((bits >> before).bit_count() for bits in self._agreed) / window

    def _mark_agreements(self, token: int) -> None:
        now, agreed = self._count, self._agreed
        places = self._places.setdefault(token, deque())
        while places and now - places[0] > LONGEST:
            places.popleft()
        bit = 1 << (now - self._start)
        for place in places:
            agreed[now - place] |= bit
        places.append(now)

    def _judge_lags(self) -> None:
        """Judge the lags whose time has come; those above the period wait until it no longer loops."""
        self._postponed += self._due.pop(self._count, ())
        self._judge_up_to(self.period or LONGEST)
        if self.period not in self._looping:
            self._judge_up_to(LONGEST)
        self.period = min(self._looping, default=None)

    def _judge_up_to(self, longest: int) -> None:
        ready = [lag for lag in self._postponed if lag <= longest]
        if ready:
            self._postponed = [lag for lag in self._postponed if lag > longest]
            for lag in ready:
                self._judge_lag(lag)

    def _judge_lag(self, lag: int) -> None:
        """Judge a lag now, and enter when it has to be judged again.

        A token changes the agreements of a window by one at most, so a lag that lacks five cannot loop before five
        more tokens, and one with five to spare does not stop before.
        """
        wait = REACH
        for window, needed in WINDOWS[lag]:
            start = self._count - window
            seen = (self._agreed[lag] >> max(start - self._start, 0)).bit_count()
            # The window must not reach back to tokens that have none this far before them.
            wait = min(wait, max(needed - seen, lag - start))
        if wait <= 0:
            self._looping.add(lag)
        else:
            self._looping.discard(lag)
        self._due.setdefault(self._count + max(wait, 1 - wait), []).append(lag)

    def _drop_old(self) -> None:
        drop = self._count - self._start - REACH
        self._agreed = [bits >> drop for bits in self._agreed]
        self._start += drop


def find_period(ids: Iterable[int]) -> int | None:
    """The smallest lag at which this text loops at its end, or None."""
    return LoopDetector([*ids][-REACH:]).period
