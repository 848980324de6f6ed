"""One answer from start to end, with what was scripted for its tokens: what `say` and `chat` have in common."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from core.live import Live
    from core.step import Step

Event = dict[str, Any]
Heard = TypeVar("Heard")
Hear = Callable[[Heard], None] | None


@dataclass(frozen=True)
class Script:
    """What happens before which token: everything is flipped, words come in."""

    flip_at: int | None = None
    injections: tuple[tuple[int, str], ...] = ()

    def perform(self, live: Live, index: int, note: Callable[[Event], None]) -> None:
        """Does what is due before token `index`; turned dials are noted here, an injection reports itself."""
        if index == self.flip_at:
            mixer = live.mixer
            for channel in range(len(mixer.channels)):
                mixer = mixer.flip(channel)
            ticket = live.set(mixer)
            note({"t": "mixer", "at": ticket.at, "words": "flip", "state": mixer.to_json()})
        for at, text in self.injections:
            if at == index:
                live.inject(text)


@dataclass
class Answer:
    """What was said and what happened to it, each event with the token it took effect at."""

    live: Live
    events: list[Event] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def interrupted(self) -> bool:
        return self.live.stop_reason == "cancel"

    @property
    def tok_per_s(self) -> float | None:
        """Tokens after the first one per second: the prompt's encoding is not counted."""
        span = self.seconds[-1] - self.seconds[0] if len(self.seconds) > 1 else 0.0
        return round((len(self.seconds) - 1) / span, 2) if span > 0 else None

    def to_json(self) -> dict[str, Any]:
        said = len(self.live.steps)
        return {
            "text": self.live.text,
            "token_ids": self.live.token_ids,
            "logprobs": [step.logprob for step in self.live.steps],
            "stop": self.live.stop_reason,
            "events": [event for event in self.events if event["at"] < said],
            "session": None,
            "tok_per_s": self.tok_per_s,
            "model": self.live.model.name,
            "mixer": self.live.mixer.to_json(),
        } | _shadow(self.live)


def follow(live: Live, script: Script, on_event: Hear[Event] = None, on_step: Hear[Step] = None) -> Answer:
    """Lets the model finish, performing the script; Ctrl-C ends the answer after the token under way."""
    answer = Answer(live)

    def note(event: Event) -> None:
        answer.events.append(event)
        if on_event:
            on_event(event)

    live.on_notice = lambda kind, data: note({"t": kind, **data})
    with cancelled_by_ctrl_c(live):
        script.perform(live, 0, note)
        for step in live:
            answer.seconds.append(time.perf_counter())
            if on_step:
                on_step(step)
            script.perform(live, step.index + 1, note)
    return answer


@contextmanager
def cancelled_by_ctrl_c(live: Live) -> Iterator[None]:
    """The first Ctrl-C ends the answer after the token under way; a second one is the usual interrupt."""

    def cancel(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, usual)
        live.cancel()

    usual = signal.signal(signal.SIGINT, cancel)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


def _shadow(live: Live) -> dict[str, Any]:
    """The unsteered lane beside the answer, if there was one."""
    if live.how.lanes.shown < 2:
        return {}
    if live.how.lanes.forced:
        thoughts = [step.forced[1] for step in live.steps]
        return {
            "shadow": {
                "mode": "forced",
                "kl": [thought.kl for thought in thoughts],
                "logprobs": [thought.logprob for thought in thoughts],
                "ranks": [thought.rank for thought in thoughts],
            }
        }
    voices = [step.voices[0] for step in live.steps if not step.voices[0].finished]
    return {
        "shadow": {
            "mode": "free",
            "text": "".join(voice.text for voice in voices),
            "token_ids": [voice.token_id for voice in voices],
        }
    }
