"""KL(steered ‖ unsteered) per token as a sparkline: how far steering changes the next-token distribution.

In a model of experts also the share of experts that steering changed at the newest token.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.segment import Segment

from steertui.widgets.bars import draw_sparkline, join_fitting
from steertui.widgets.painted import Row, RowWidget
from steertui.widgets.transcript.token_reading import KEPT

SHORTEST_LINE = 10
"""Columns that the sparkline and its name keep beside what is said."""
UNKNOWN = ("KL needs a forced shadow", "a free shadow's context differs")


def share_text(share: float) -> str:
    """A share as `14 %`."""
    return f"{100 * share:.0f} %"


class KlLine(RowWidget):
    """The newest value, the mean of the answer, and a sparkline."""

    PREFIX = "kl"
    COMPONENT_CLASSES = {"kl--name", "kl--line", "kl--value"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.recent: deque[float] = deque(maxlen=KEPT)
        self.experts: float | None = None
        self._sum = self._count = 0.0

    def add(self, nats: float) -> None:
        self.recent.append(nats)
        self._sum += nats
        self._count += 1
        self.refresh()

    def add_experts(self, share: float) -> None:
        """The newest token's share of experts that the unsteered model did not choose."""
        self.experts = share
        self.refresh()

    def clear(self) -> None:
        self.recent.clear()
        self.experts = None
        self._sum = self._count = 0.0
        self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        if not self.recent:
            return [[Segment(" " + join_fitting(UNKNOWN, width - 1, ": "), self.part_style("name"))]]
        said = f" {self.recent[-1]:.2f} nats, mean {self._sum / self._count:.2f}"
        if self.experts is not None:
            said = self._with_experts(said, width)
        # KL is never negative, so the line stands on zero.
        line = draw_sparkline(list(self.recent), max(width - len(said) - 4, 1), low=0.0)
        return [
            [
                Segment(" KL ", self.part_style("name")),
                Segment(line, self.part_style("line")),
                Segment(said, self.part_style("value")),
            ]
        ]

    def _with_experts(self, said: str, width: int) -> str:
        """The longest of a few wordings that leaves room for the line; the mean of KL goes first."""
        share, newest = share_text(self.experts or 0.0), f" {self.recent[-1]:.2f} nats"
        forms = (f"{said} · {share} of experts changed", f"{newest} · {share} of experts changed")
        room = width - SHORTEST_LINE
        return next((form for form in forms if len(form) <= room), f"{newest} · experts {share}")
