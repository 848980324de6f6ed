"""One line over the prompt that leads somebody new to a first steered answer, and never comes back once they had it."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text
from textual.widgets import Static

from core import demo
from sessions.state import State, Turn
from steertui.screens.desk.opening import FIRST, coached, remember_coached

WAITING = "1/4  ↑ brings an example, enter sends it; it is answered as soon as the model is there."
STEPS = (
    "1/4  ↑ brings an example, enter sends it.",
    f"2/4  Now a vector: tab (the keys PLAY from here on), a, and choose {FIRST}.",
    "3/4  It is on the desk. i goes back to the prompt; ↑ and enter ask again.",
    "4/4  It speaks under the vector. Press f now: the vector flips, a ◆ marks the token (space holds it).",
    "f flips it while it talks: i, ↑, enter ask once more, then press f (r answers again, too).",
)
LATE = (
    "The flip came with its last words: i, ↑, enter ask once more, then f early (space holds it meanwhile)."
)
DONE = (
    "That was steering: from the ◆ on the vector is flipped. x takes it out, r answers again (A/B); F1 helps."
)
TYPING = {
    STEPS[2]: "3/4  It is on the desk. ↑ and enter ask again.",
    STEPS[4]: "f flips it while it talks: ↑, enter ask once more, then press f.",
    LATE: LATE.replace("i, ", ""),
    DONE: DONE.replace("x takes", "tab, then x takes"),
}
"""The same where the keys still write into the prompt."""
HEARD = 4
"""Tokens after a turn of the dials from which one hears that they were turned."""
LESSON = 4
"""Tokens a second: an answer of a toy has two dozen, and somebody new reads the line first."""


@dataclass(frozen=True)
class Seen:
    """As far as somebody has come: answers so far, strips on the desk, and whether one was turned in mid-answer;
    `late`: with too few words to come to hear it.
    """

    here: bool
    answers: int
    strips: int
    speaking: bool
    turned: bool
    late: bool = False

    @classmethod
    def of(cls, state: State, strips: int) -> Seen:
        answers = [turn for turn in state.turns.values() if turn.gen is not None]
        heard = [len(turn.tokens) - at for turn in answers for at in _turns(turn)]
        turned = any(tokens >= HEARD for tokens in heard)
        here = state.model is not None and state.model.state == "ready"
        return cls(here, len(answers), strips, state.running is not None, turned, bool(heard) and not turned)


def _turns(answer: Turn) -> list[int]:
    """The tokens at which the dials were turned in mid-answer."""
    return [mark.at for mark in answer.markers if mark.kind == "mixer" and mark.at > 0]


def lesson(seen: Seen, steered: int) -> str:
    """What to try next; `steered` counts the answers that were spoken under a vector."""
    if seen.turned:
        return DONE
    if not seen.answers:
        return STEPS[0] if seen.here else WAITING
    if not seen.strips:
        return "" if seen.speaking else STEPS[1]
    if seen.speaking:
        return STEPS[3]
    if seen.late:
        return LATE
    return STEPS[4] if steered else STEPS[2]


class Coach(Static):
    """Empty, and no line at all, for whoever needs none."""

    def __init__(self, model: str, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self._wanted = model in demo.NAMES and not coached()
        self._said = ""
        self._answers, self._steered, self._done = 0, 0, -1
        self._strips = 0

    def see(self, state: State, strips: int, typing: bool) -> None:
        """Once per frame: what is said follows from what has happened."""
        if not self._wanted:
            return
        seen, self._strips = Seen.of(state, strips), strips
        if seen.answers > self._answers and seen.strips:
            self._steered += 1
        self._answers = seen.answers
        if seen.turned and self._done < 0:
            self._done = seen.answers
            remember_coached()
        over = seen.turned and seen.answers > self._done
        self._wanted = not over
        words = "" if over else lesson(seen, self._steered)
        self._say(TYPING.get(words, words) if typing else words)

    def slowed(self, tempo: int) -> int:
        """The tempo of an answer in which somebody is to press f for the first time."""
        return min(tempo, LESSON) if self._wanted and self._strips and self._done < 0 else tempo

    def _say(self, words: str) -> None:
        if words != self._said:
            self._said = words
            self.update(Text(words))
            self.set_class(bool(words), "-shown")
