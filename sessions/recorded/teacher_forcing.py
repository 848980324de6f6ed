"""Teacher forcing, the last grade of verify: feed the recorded tokens and compare their log-probabilities.

Even where sampling diverges on other hardware, the log-probabilities may agree. The tokens are fed one per
pass on one cache, each under the mixer that generated the next token.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from core.mixer.mixer import Mixer
from sessions.journal import events as ev

if TYPE_CHECKING:
    from sessions.recorded.verify import RecordedAnswer

TOLERANCE = {"float32": 1e-4, "float64": 1e-4}
COARSE = 5e-2
"""Largest log-probability difference explained by rounding in 16-bit types; `TOLERANCE` has the other
types.
"""


class TeacherForcing:
    """Feeds recorded answers token by token, without sampling."""

    def __init__(self, model: Any, mixers: Mapping[str, Mixer]) -> None:
        from core.model.cache import Tape

        self._model, self._mixers = model, mixers
        self._tape = Tape(model)
        self._plans: dict[str, Any] = {}
        self._waiting: list[int] = []
        self._mix = ""
        self.worst = 0.0

    @property
    def tolerance(self) -> float:
        return TOLERANCE.get(str(self._model.dtype).removeprefix("torch."), COARSE)

    def largest_difference(self, answers: Iterable[RecordedAnswer]) -> float:
        """The largest log-probability difference over all answers."""
        for answer in answers:
            if len(self._tape) < answer.gen.reused:
                # The new prompt reuses the last answer's last token, which no pass has read yet.
                self._feed(self._mix)
            self._tape.crop(answer.gen.reused)
            self._waiting = list(answer.gen.prompt_ids)
            starts: list[int] = []
            for event in answer.events:
                self._apply(event, starts)
        return self.worst

    def _apply(self, event: ev.Event, starts: list[int]) -> None:
        """Apply one event. `starts` has the context length before each token of the answer, needed for
        rewinds.
        """
        if isinstance(event, ev.AnswerRewound):
            self._rewind_to(starts[event.to])
            del starts[event.to :]
        elif isinstance(event, ev.TextInjected):
            self._waiting += event.ids
        elif isinstance(event, ev.TokensGenerated) and event.lane == 0:
            for token, lp in zip(event.ids, event.lp, strict=True):
                # Where a rewind to this token has to crop.
                starts.append(len(self._tape) + len(self._waiting))
                self.worst = max(self.worst, abs(self._logprob_of(token, event.mix) - float(lp)))
                # Read by the pass that predicts the next token.
                self._waiting = [token]

    def _rewind_to(self, length: int) -> None:
        """Crop the context to `length`; its last token is fed again."""
        context = [*self._tape.ids[0], *self._waiting][:length]
        # One token less: a pass needs at least one token to predict the next one.
        self._tape.crop(length - 1)
        self._waiting = context[len(self._tape) :]

    def _logprob_of(self, token: int, mix: str) -> float:
        """The log-probability of a token after all waiting tokens were fed under its mixer."""
        return float(self._feed(mix)[0].log_softmax(-1)[token])

    def _feed(self, mix: str) -> Any:
        """Feed the waiting tokens. The last token of an answer is fed after its end, under the last active
        mixer.
        """
        if mix not in self._plans:
            self._plans[mix] = self._model.planner.plan([self._mixers[mix]])
        self._mix = mix
        # The last waiting token predicts an answer token, so it is steered as one.
        phases = ["prompt"] * (len(self._waiting) - 1) + ["answer"]
        return self._tape.feed([self._waiting], phases, self._plans[mix])
