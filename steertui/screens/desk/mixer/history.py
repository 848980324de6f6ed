"""Undo and redo of mixer edits. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.mixer.mixer import Mixer

TOGETHER_S = 0.8
"""Edits of one kind within this time are undone together."""
LONGEST = 200


@dataclass(frozen=True)
class EditHistory:
    """`past` and `future` end with the nearest mixer; `kind` and `when` belong to the last edit."""

    past: tuple[Mixer, ...] = ()
    future: tuple[Mixer, ...] = ()
    kind: str = ""
    when: float = 0.0

    def record_edit(self, before: Mixer, kind: str, when: float) -> EditHistory:
        """Record an edit that started from `before`; without a kind it is never merged with the previous
        one.
        """
        if kind and kind == self.kind and self.past and when - self.when < TOGETHER_S:
            # The mixer from before the first edit of the group is in `past` already.
            return replace(self, future=(), when=when)
        # After a new edit the undone ones can no longer be redone.
        return EditHistory((*self.past, before)[-LONGEST:], (), kind, when)

    def undo(self, now: Mixer) -> tuple[Mixer, EditHistory] | None:
        """The mixer before the last edit; edits that changed nothing (rejected ones) are skipped."""
        past = self.past
        while past and past[-1] == now:
            past = past[:-1]
        return (past[-1], EditHistory(past[:-1], (*self.future, now))) if past else None

    def redo(self, now: Mixer) -> tuple[Mixer, EditHistory] | None:
        """The mixer that was undone last."""
        if not self.future:
            return None
        return self.future[-1], EditHistory((*self.past, now), self.future[:-1])
