"""The unsteered panel: the unsteered model's output beside the steered answer.

Free, the unsteered model generates its own answer. Forced, it reads the steered tokens and predicts
each next one; only then is KL defined, because a free answer has another context after the first
different token.

Between answers the panel may show another branch (`steertui.screens.desk.compare`) until the next
answer begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical

from sessions.journal import events as ev
from steertui.text import Sanitiser
from steertui.widgets.inspector.kl_panel import KlLine
from steertui.widgets.transcript.document import Item, TextPiece, TranscriptTurn
from steertui.widgets.transcript.view import Transcript

MODES = (None, "free", "forced")
SAID = {
    None: "unsteered panel off for the next answers",
    "free": "next answers: beside each, the unsteered model's own answer (free)",
    "forced": "next answers: at each token, the unsteered model's prediction, with KL (forced)",
}
TITLES = {"free": "unsteered · its own answer", "forced": "unsteered · would have said"}
ALTERNATIVES = 5
"""Number of likely tokens requested for each generated one."""
KL = "KL"
NATS = 1.0
"""A KL of one nat is coloured like one σ."""


class UnsteeredPanel(Vertical):
    """`next_mode` applies to the next answers; `mode` belongs to the shown one."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.wanted: str | None = None
        self.mode: str | None = None
        self.branch: int | None = None
        self.words, self.line = Transcript(id="unsteered"), KlLine(id="kl")
        self.words.tint.readings[KL].usual = (0.0, NATS)
        self.words.tint.channel = KL
        self._stream = Sanitiser()

    def compose(self) -> ComposeResult:
        yield self.words
        yield self.line

    def next(self) -> str:
        """Switch the mode of the next answers and return a sentence about it."""
        self.wanted = MODES[(MODES.index(self.wanted) + 1) % len(MODES)]
        return SAID[self.wanted]

    def wishes(self) -> dict[str, Any]:
        """Settings of the next answer."""
        return {"inspect": ALTERNATIVES} | ({"shadow": self.wanted} if self.wanted else {})

    def take(self, event: ev.Event) -> None:
        step = STEPS.get(event.t)
        if step is not None:
            step(self, event)

    def pose(self, branch: int, title: str, items: list[Item]) -> None:
        """Show another branch from its beginning."""
        self.clear()
        self.branch, self.display, self.line.display = branch, True, False
        self.words.tint.encoding = "off"
        self.words.heading = self.words.border_title = title
        self.words.extend(items)
        self.words.scroll_home(animate=False)

    def clear(self) -> None:
        self.mode = self.branch = None
        self.display, self.line.display = False, True
        self.words.clear()
        self.line.clear()

    def _begin(self, event: ev.AnswerStarted) -> None:
        """Clear the panel; show it if this answer has an unsteered lane."""
        self.clear()
        mode = event.settings.get("shadow")
        if mode not in TITLES:
            return
        self.mode, self.display, self._stream = mode, True, Sanitiser()
        self.words.tint.encoding = "background" if mode == "forced" else "off"
        self.words.tint.forget()
        self.words.heading = TITLES[mode]
        self.words.border_title = TITLES[mode]
        self.words.extend([TranscriptTurn("asst")])
        self.words.set_live(True)

    def _speak(self, event: ev.TokensGenerated) -> None:
        if event.lane == 1 and self.mode == "free":
            self._write(event.i, event.text)

    def _weigh(self, event: ev.TopTokens) -> None:
        """Show the most likely token of the forced lane at each position."""
        if event.lane == 1 and self.mode == "forced":
            self._write(event.i, tuple(texts[0] if texts else "" for texts in event.text))

    def _write(self, start: int, texts: tuple[str, ...]) -> None:
        self.words.extend(
            [TextPiece(self._stream.feed(str(text)), index) for index, text in enumerate(texts, start)]
        )

    def _measure(self, event: ev.MeterReadings) -> None:
        if event.lane or self.mode != "forced":
            return
        for place, kl in enumerate(event.values.get("kl", ())):
            self.line.add(float(kl))
            self.words.colour(event.i + place, {KL: float(kl)})

    def _rewind(self, event: ev.AnswerRewound) -> None:
        self.words.rewind(event.to)

    def _end(self, event: ev.AnswerStopped) -> None:
        self.words.set_live(False)


STEPS: Mapping[str, Callable[[UnsteeredPanel, Any], None]] = {
    "gen": UnsteeredPanel._begin,
    "tok": UnsteeredPanel._speak,
    "top": UnsteeredPanel._weigh,
    "meter": UnsteeredPanel._measure,
    "rewind": UnsteeredPanel._rewind,
    "stop": UnsteeredPanel._end,
}
