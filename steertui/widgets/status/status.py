"""The top line: engine state, key mode, model, context size, and whether the session is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.segment import Segment

from steertui.text import safe_text
from steertui.widgets.bars import clip_text
from steertui.widgets.painted import Row, RowWidget

BADGES = {
    "loading": "LOADING",
    "idle": "IDLE",
    "generating": "GEN",
    "paused": "PAUSED",
    "job": "JOB",
    "lost": "ENGINE LOST",
    "silent": "NO ANSWER",
    "starting": "STARTING",
}


@dataclass(frozen=True)
class Status:
    """The data of the status line; a value that is None is not shown."""

    word: str = "starting"
    mode: str = "TYPE"
    progress: float | None = None
    model: str = ""
    device: str = ""
    context: int | None = None
    max_context: int | None = None
    rate: float | None = None
    bypassed: bool = False
    session: str = ""
    recorded: bool = True
    record_paused: bool = False
    lost_events: int = 0
    observer: bool = False
    job: str = ""


class StatusLine(RowWidget):
    """Drops parts from the right that do not fit; state and mode always stay."""

    PREFIX = "status"
    COMPONENT_CLASSES = {
        f"status--{part}"
        for part in ("idle", "busy", "paused", "lost", "type", "play", "bypass", "text", "quiet", "record")
    }

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.status = Status()

    def show(self, status: Status, numbers: bool = True) -> None:
        """Show a status; with `numbers=False` keep the per-token numbers shown before."""
        if not numbers:
            status = replace(status, rate=self.status.rate, context=self.status.context)
        if status != self.status:
            self.status = status
            self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        segments: list[Segment] = []
        room = width
        for needed, part in self._parts():
            cells = sum(cell_len(segment.text) for segment in part)
            if cells <= room:
                segments += part
                room -= cells
            elif needed:
                # Nothing may follow a part that has been cut.
                segments.append(Segment(clip_text(part[0].text, room), part[0].style))
                break
        return [segments]

    def _parts(self) -> list[tuple[bool, list[Segment]]]:
        """Segments in order of importance, each with whether it is cut (True) or dropped (False) without
        room.
        """
        status = self.status
        parts = [(True, [self._badge()]), (True, [self._mode()])]
        if status.bypassed:
            parts.append((True, [Segment(" BYPASS ", self.part_style("bypass"))]))
        if status.observer:
            parts.append((True, [Segment(" WATCHING ", self.part_style("bypass"))]))
        if status.job:
            parts.append(
                (False, [Segment(f"  {clip_text(safe_text(status.job), 32)}", self.part_style("quiet"))])
            )
        if status.model:
            parts.append((True, [Segment(f"  {safe_text(status.model)}", self.part_style("text"))]))
        for text in (safe_text(status.device), self._context_text(), safe_text(status.session)):
            if text:
                parts.append(
                    (
                        False,
                        [Segment(" │ ", self.part_style("quiet")), Segment(text, self.part_style("quiet"))],
                    )
                )
        # The session's id comes last, with the state of its record before it.
        parts.insert(-1 if status.session else len(parts), (False, self._recording_text()))
        return parts

    def _badge(self) -> Segment:
        status = self.status
        text = BADGES.get(status.word, status.word.upper())
        if status.word == "loading" and status.progress is not None:
            text += f" {status.progress:.0%}"
        if status.word == "generating" and status.rate:
            text += f" {status.rate:.0f} t/s"
        look = {
            "generating": "busy",
            "loading": "busy",
            "starting": "busy",
            "job": "busy",
            "paused": "paused",
        }
        return Segment(
            f" {text} ",
            self.part_style("lost" if status.word in ("lost", "silent") else look.get(status.word, "idle")),
        )

    def _mode(self) -> Segment:
        return Segment(f" {self.status.mode} ", self.part_style(self.status.mode.lower()))

    def _context_text(self) -> str:
        status = self.status
        if status.context is None:
            return ""
        return f"ctx {status.context}" + (f"/{status.max_context}" if status.max_context else "")

    def _recording_text(self) -> list[Segment]:
        status = self.status
        if not status.session:
            return []
        rule = Segment(" │ ", self.part_style("quiet"))
        if not status.recorded:
            return [rule, Segment("○ not recorded", self.part_style("quiet"))]
        words = "○ REC PAUSED" if status.record_paused else "● REC"
        words += f", {status.lost_events} events lost" if status.lost_events else ""
        return [rule, Segment(words, self.part_style("record"))]
