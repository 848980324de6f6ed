"""Per-token measurements that do not belong to one channel, over the last tokens."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence

from core.collapse.loops import LoopDetector
from sessions.state.collapse import WINDOW
from sessions.state.state import AnswerToken
from steertui.widgets.transcript.token_reading import KEPT

SHOWN = (
    ("surprise", "surprise"),
    ("entropy", "entropy"),
    ("agreement", "repeats"),
    ("delta", "‖Δ‖/‖h‖"),
    ("kl", "KL"),
    ("perplexity", "ppl₀"),
)
"""Shown two per row. `agreement` is the largest share of the last tokens that repeat those at one distance before;
`perplexity` is that of the unsteered model over `sessions.state.collapse.WINDOW` tokens."""


class TokenGauges:
    """`series` by name, newest last; `drift` is each channel's mean projection per answer, oldest first."""

    def __init__(self) -> None:
        self.series: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))
        self.drift: dict[str, list[float]] = {}
        self._loops = LoopDetector()

    def clear(self) -> None:
        """Forget everything; another session begins."""
        self.series.clear()
        self.drift = {}
        self._loops = LoopDetector()

    def new_answer(self) -> None:
        """Clear the optional measurements, so that values of the last answer are not shown for this one."""
        self._loops = LoopDetector()
        for name in ("kl", "perplexity", "delta"):
            self.series[name].clear()

    def add_tokens(self, ids: Sequence[int], logprobs: Iterable[float]) -> None:
        """Add generated tokens: their surprise, and how far they repeat what was said."""
        self.series["surprise"].extend(-float(lp) for lp in logprobs)
        for token in ids:
            self._loops.add_token(token)
            self.series["agreement"].append(self._loops.best_agreement(WINDOW))

    def add_measurements(self, columns: Mapping[str, Sequence[float]]) -> None:
        """Add measured columns, one value per token."""
        for name in ("entropy", "delta", "kl"):
            self.series[name].extend(float(value) for value in columns.get(name, ()))
        for logprob in columns.get("lp0", ()):
            self._add_unsteered(float(logprob))

    def _add_unsteered(self, logprob: float) -> None:
        """Update the running perplexity under the unsteered model."""
        losses = self.series["loss0"]
        losses.append(-logprob)
        recent = list(losses)[-WINDOW:]
        # Clipped, because `exp` overflows above 709 nats.
        self.series["perplexity"].append(math.exp(min(sum(recent) / len(recent), 50.0)))

    def set_drift(self, answers: Iterable[Sequence[AnswerToken]]) -> None:
        """Set `drift` to the mean projection of each answer on each measured channel."""
        self.drift = {}
        for answer in answers:
            for name in {name for token in answer for name in token.proj}:
                values = [token.proj[name] for token in answer if name in token.proj]
                self.drift.setdefault(name, []).append(sum(values) / len(values))
