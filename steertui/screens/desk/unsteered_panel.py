"""The unsteered panel: the unsteered model's output beside the steered answer.

Free, the unsteered model generates its own answer. Forced, it reads the steered tokens and predicts
each next one; only then is KL defined, because a free answer has another context after the first
different token.

Between answers the panel may show another branch (`steertui.screens.desk.commands.compare_branches`) until the next
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
        self.next_mode: str | None = None
        self.mode: str | None = None
        self.branch: int | None = None
        self.transcript, self.line = Transcript(id="unsteered"), KlLine(id="kl")
        self.transcript.tint.readings[KL].usual = (0.0, NATS)
        self.transcript.tint.channel = KL
        self._stream = Sanitiser()

    def compose(self) -> ComposeResult:
        yield self.transcript
        yield self.line

    def cycle_mode(self) -> str:
        """Switch the mode of the next answers and return a sentence about it."""
        self.next_mode = MODES[(MODES.index(self.next_mode) + 1) % len(MODES)]
        return SAID[self.next_mode]

    def answer_settings(self) -> dict[str, Any]:
        """Settings of the next answer."""
        return {"inspect": ALTERNATIVES} | ({"shadow": self.next_mode} if self.next_mode else {})

    def apply_event(self, event: ev.Event) -> None:
        step = STEPS.get(event.t)
        if step is not None:
            step(self, event)

    def show_branch(self, branch: int, title: str, items: list[Item]) -> None:
        """Show another branch from its beginning."""
        self.clear()
        self.branch, self.display, self.line.display = branch, True, False
        self.transcript.tint.encoding = "off"
        self.transcript.heading = self.transcript.border_title = title
        self.transcript.extend(items)
        self.transcript.scroll_home(animate=False)

    def clear(self) -> None:
        self.mode = self.branch = None
        self.display, self.line.display = False, True
        self.transcript.clear()
        self.line.clear()

    def _apply_gen(self, event: ev.AnswerStarted) -> None:
        """Clear the panel; show it if this answer has an unsteered lane."""
        self.clear()
        mode = event.settings.get("shadow")
        if mode not in TITLES:
            return
        self.mode, self.display, self._stream = mode, True, Sanitiser()
        # KL, which the colours show, is defined in forced mode only.
        self.transcript.tint.encoding = "background" if mode == "forced" else "off"
        self.transcript.tint.clear_palette()
        self.transcript.heading = TITLES[mode]
        self.transcript.border_title = TITLES[mode]
        self.transcript.extend([TranscriptTurn("asst")])
        self.transcript.set_live(True)

    def _add_free_tokens(self, event: ev.TokensGenerated) -> None:
        if event.lane == 1 and self.mode == "free":
            self._append_texts(event.i, event.text)

    def _add_forced_tokens(self, event: ev.TopTokens) -> None:
        """Show the most likely token of the forced lane at each position."""
        # In the forced lane the tokens are those of the steered answer; the prediction is the top one.
        if event.lane == 1 and self.mode == "forced":
            self._append_texts(event.i, tuple(texts[0] if texts else "" for texts in event.text))

    def _append_texts(self, start: int, texts: tuple[str, ...]) -> None:
        self.transcript.extend(
            [TextPiece(self._stream.feed_token(str(text)), index) for index, text in enumerate(texts, start)]
        )

    def _apply_meter(self, event: ev.MeterReadings) -> None:
        # KL is measured at the tokens of lane 0, the steered answer.
        if event.lane or self.mode != "forced":
            return
        for place, kl in enumerate(event.values.get("kl", ())):
            self.line.add(float(kl))
            self.transcript.set_projections(event.i + place, {KL: float(kl)})
        for share in event.values.get("experts", ()):
            self.line.add_experts(float(share))

    def _apply_rewind(self, event: ev.AnswerRewound) -> None:
        self.transcript.rewind(event.to)

    def _apply_stop(self, event: ev.AnswerStopped) -> None:
        self.transcript.set_live(False)


STEPS: Mapping[str, Callable[[UnsteeredPanel, Any], None]] = {
    "gen": UnsteeredPanel._apply_gen,
    "tok": UnsteeredPanel._add_free_tokens,
    "top": UnsteeredPanel._add_forced_tokens,
    "meter": UnsteeredPanel._apply_meter,
    "rewind": UnsteeredPanel._apply_rewind,
    "stop": UnsteeredPanel._apply_stop,
}
