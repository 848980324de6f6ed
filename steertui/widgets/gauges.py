"""Numbers that belong to a token and not to one channel, as they ran over the last tokens."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from sessions.collapse import WINDOW, measured
from sessions.state import Token
from steertui.widgets.reading import KEPT

SHOWN = (
    ("surprise", "surprise"),
    ("entropy", "entropy"),
    ("repetition", "repeats"),
    ("delta", "‖Δ‖/‖h‖"),
    ("kl", "KL"),
    ("perplexity", "ppl₀"),
)
"""Two to a row. `perplexity` is the unsteered model's, over a window of `sessions.collapse.WINDOW` tokens."""


class Gauges:
    """`series` by name, newest last; `drift` is a channel's mean per answer, oldest first."""

    def __init__(self) -> None:
        self.series: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))
        self.drift: dict[str, list[float]] = {}
        self._window: deque[Token] = deque(maxlen=WINDOW)

    def clear(self) -> None:
        """Another session: nothing was measured in it."""
        self.series.clear()
        self.drift = {}
        self._window.clear()

    def new_answer(self) -> None:
        """What an answer is not asked to measure must not look as if it had been."""
        self._window.clear()
        for name in ("kl", "perplexity", "delta"):
            self.series[name].clear()

    def said(self, ids: Sequence[int], logprobs: Iterable[float]) -> None:
        self.series["surprise"].extend(-float(lp) for lp in logprobs)
        for token in ids:
            self._window.append(Token(token, ""))
            self.series["repetition"].append(measured([*self._window]).get("repetition", 0.0))

    def measured(self, columns: Mapping[str, Sequence[float]]) -> None:
        for name in ("entropy", "delta", "kl"):
            self.series[name].extend(float(value) for value in columns.get(name, ()))
        for logprob in columns.get("lp0", ()):
            self._listened(float(logprob))

    def _listened(self, logprob: float) -> None:
        """The running perplexity under the unsteered model."""
        losses = self.series["loss0"]
        losses.append(-logprob)
        recent = list(losses)[-WINDOW:]
        self.series["perplexity"].append(math.exp(min(sum(recent) / len(recent), 50.0)))

    def drifted(self, answers: Iterable[Sequence[Token]]) -> None:
        """The mean projection of each answer on each channel it was measured on."""
        self.drift = {}
        for answer in answers:
            for name in {name for token in answer for name in token.proj}:
                values = [token.proj[name] for token in answer if name in token.proj]
                self.drift.setdefault(name, []).append(sum(values) / len(values))
