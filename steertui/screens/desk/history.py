"""Undo and redo of the dials: the mixers that were wanted before, and those that were taken back. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.mixer import Mixer

TOGETHER_S = 0.8
"""Steps of one kind that follow each other this fast are one movement of the hand."""
LONGEST = 200


@dataclass(frozen=True)
class History:
    """`past` and `future` have what is nearest last. `kind` and `when` are the last movement's."""

    past: tuple[Mixer, ...] = ()
    future: tuple[Mixer, ...] = ()
    kind: str = ""
    when: float = 0.0

    def did(self, before: Mixer, kind: str, when: float) -> History:
        """One more movement away from `before`; a movement without a kind never joins the one before it."""
        if kind and kind == self.kind and self.past and when - self.when < TOGETHER_S:
            return replace(self, future=(), when=when)
        return History((*self.past, before)[-LONGEST:], (), kind, when)

    def back(self, now: Mixer) -> tuple[Mixer, History] | None:
        """The mixer before the last movement; steps that changed nothing (a refused one) are passed over."""
        past = self.past
        while past and past[-1] == now:
            past = past[:-1]
        return (past[-1], History(past[:-1], (*self.future, now))) if past else None

    def forth(self, now: Mixer) -> tuple[Mixer, History] | None:
        """What was taken back last."""
        if not self.future:
            return None
        return self.future[-1], History((*self.past, now), self.future[:-1])
