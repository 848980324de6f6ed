"""KL(steered ‖ unsteered) per token as a sparkline: how far steering changes the next-token distribution."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.segment import Segment

from steertui.widgets.bars import draw_sparkline, join_fitting
from steertui.widgets.painted import Row, RowWidget
from steertui.widgets.transcript.token_reading import KEPT

UNKNOWN = ("KL needs a forced shadow", "a free shadow's context differs")


class KlLine(RowWidget):
    """The newest value, the mean of the answer, and a sparkline."""

    PREFIX = "kl"
    COMPONENT_CLASSES = {"kl--name", "kl--line", "kl--value"}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.recent: deque[float] = deque(maxlen=KEPT)
        self._sum = self._count = 0.0

    def add(self, nats: float) -> None:
        self.recent.append(nats)
        self._sum += nats
        self._count += 1
        self.refresh()

    def clear(self) -> None:
        self.recent.clear()
        self._sum = self._count = 0.0
        self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        if not self.recent:
            return [[Segment(" " + join_fitting(UNKNOWN, width - 1, ": "), self.part_style("name"))]]
        said = f" {self.recent[-1]:.2f} nats, mean {self._sum / self._count:.2f}"
        # KL is never negative, so the line stands on zero.
        line = draw_sparkline(list(self.recent), max(width - len(said) - 4, 1), low=0.0)
        return [
            [
                Segment(" KL ", self.part_style("name")),
                Segment(line, self.part_style("line")),
                Segment(said, self.part_style("value")),
            ]
        ]
