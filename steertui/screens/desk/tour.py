"""The tour: one line over the prompt that leads a new user to a first steered answer, shown until it is
done.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual.message import Message
from textual.widgets import Static

from core.demo.demo_world import world_of
from sessions.state.state import SessionState, Turn
from steertui.screens.desk.first_page import FIRST, is_tour_done

WAITING = "1/4  ↑ brings an example, enter sends it; it is answered as soon as the model is loaded."
STEPS = (
    "1/4  i goes to the prompt; ↑ brings an example, enter sends it.",
    f"2/4  Add a vector: press tab (PLAY mode), then a, and choose {FIRST}.",
    "3/4  The vector has a strip. i goes back to the prompt; ↑ and enter ask again.",
    "4/4  The answer is being steered. Press f to flip the vector; ◆ marks the token (space pauses).",
    "f flips the vector during an answer: i, ↑, enter to ask again, then press f (r answers again, too).",
)
LATE = "The flip came too late in the answer: i, ↑, enter to ask again, then press f early (space pauses)."
DONE = (
    "That was steering: from the ◆ on the vector is flipped. x removes it, r answers again (A/B); F1 is help."
)
TYPING = {
    STEPS[0]: "1/4  ↑ brings an example, enter sends it.",
    STEPS[2]: "3/4  The vector has a strip. ↑ and enter ask again.",
    STEPS[4]: "f flips the vector during an answer: ↑, enter to ask again, then press f.",
    LATE: LATE.replace("i, ", ""),
    DONE: DONE.replace("x removes", "tab, then x removes"),
}
"""The same lines for TYPE mode, where letter keys go to the prompt."""
HEARD = 4
"""Tokens after a change from which its effect can be seen."""
LESSON = 4
"""Tokens per second during the tour: a demo answer is short, and the user reads the line first."""


@dataclass(frozen=True)
class TourProgress:
    """The user's progress: number of answers and strips, and whether the mixer was changed during an
    answer (`changed_too_late`: with too few tokens left to see the effect).
    """

    model_ready: bool
    answers: int
    strips: int
    generating: bool
    changed_midway: bool
    changed_too_late: bool = False

    @classmethod
    def of(cls, state: SessionState, strips: int) -> TourProgress:
        answers = [turn for turn in state.turns.values() if turn.gen is not None]
        # Tokens generated after each change.
        heard = [len(turn.tokens) - at for turn in answers for at in _change_tokens(turn)]
        turned = any(tokens >= HEARD for tokens in heard)
        here = state.model is not None and state.model.state == "ready"
        return cls(here, len(answers), strips, state.running is not None, turned, bool(heard) and not turned)


def _change_tokens(answer: Turn) -> list[int]:
    """The token indices at which the mixer was changed during an answer."""
    return [mark.at for mark in answer.markers if mark.kind == "mixer" and mark.at > 0]


def next_hint(seen: TourProgress, steered: int) -> str:
    """The next hint; `steered` counts the answers generated with a vector."""
    if seen.changed_midway:
        return DONE
    if not seen.answers:
        return STEPS[0] if seen.model_ready else WAITING
    if not seen.strips:
        return "" if seen.generating else STEPS[1]
    if seen.generating:
        return STEPS[3]
    if seen.changed_too_late:
        return LATE
    return STEPS[4] if steered else STEPS[2]


class Tour(Static):
    """The hint line; hidden when the tour is not needed."""

    class Finished(Message):
        """The user has seen what a change during an answer does."""

    def __init__(self, model: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self._wanted = world_of(model) is not None and not is_tour_done()
        self._said = ""
        self._answers, self._steered, self._done = 0, 0, -1
        self._strips = 0

    def update_hint(self, state: SessionState, strips: int, typing: bool) -> None:
        """Once per frame: update the hint from the session's state."""
        if not self._wanted:
            return
        if state.model is not None and state.model.state == "ready" and world_of(state.model.name) is None:
            # Another model was loaded: the vectors that the tour names are not made for it.
            self._wanted = False
            self._show_hint("")
            return
        seen, self._strips = TourProgress.of(state, strips), strips
        # An answer counts as steered if there was a strip when it began.
        if seen.answers > self._answers and seen.strips:
            self._steered += 1
        self._answers = seen.answers
        if seen.changed_midway and self._done < 0:
            self._done = seen.answers
            self.post_message(self.Finished())
        # The last hint stays until one more answer has begun.
        over = seen.changed_midway and seen.answers > self._done
        self._wanted = not over
        words = "" if over else next_hint(seen, self._steered)
        self._show_hint(TYPING.get(words, words) if typing else words)

    def limit_rate(self, tempo: int) -> int:
        """Limit the rate of the answer in which the user is to press f for the first time."""
        return min(tempo, LESSON) if self._wanted and self._strips and self._done < 0 else tempo

    def _show_hint(self, words: str) -> None:
        if words != self._said:
            self._said = words
            self.update(Text(words))
            self.set_class(bool(words), "-shown")
