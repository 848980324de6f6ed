"""One answer as a command hands it out: what was said, and what happened to it at which token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sessions import events as ev
from sessions.lines import to_fields

if TYPE_CHECKING:
    from core.live import Live

CHANGES = (ev.Mixer, ev.Inject, ev.Rewind, ev.Rebuild, ev.Crop)


@dataclass(frozen=True)
class Answer:
    """`changes` are the events that made it what it is; `seconds` is when each of its tokens came."""

    live: Live
    session: str
    changes: Sequence[ev.Event] = ()
    seconds: Sequence[float] = ()

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
        events = [{"at": getattr(change, "at", 0), **to_fields(change)} for change in self.changes]
        return {
            "text": self.live.text,
            "token_ids": self.live.token_ids,
            "logprobs": [step.logprob for step in self.live.steps],
            "stop": self.live.stop_reason,
            "events": [event for event in events if event["at"] < said],
            "session": self.session,
            "tok_per_s": self.tok_per_s,
            "model": self.live.model.name,
            "mixer": self.live.mixer.to_json(),
        } | _shadow(self.live)


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
