"""One finished answer as a command reports it: its text, and each change with its token index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.mixer.mixer import Mixer
from sessions.journal import events as ev
from sessions.journal.codec import to_fields
from sessions.state.collapse import turn_flags
from sessions.state.state import SessionState, Turn

CHANGES = (ev.MixerChanged, ev.TextInjected, ev.AnswerRewound, ev.CacheRebuilt, ev.CacheCropped)


@dataclass(frozen=True)
class AnswerReport:
    """A finished answer. `changes` are the events that changed it, `mixer` is the mixer at its end and
    `expression` its line, `flags` what is wrong with its text.
    """

    turn: Turn
    stop: ev.AnswerStopped
    session: str
    model: str
    changes: Sequence[ev.Event] = ()
    mixer: Mapping[str, Any] = field(default_factory=dict)
    expression: str = ""
    flags: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, state: SessionState, stop: ev.AnswerStopped, changes: Sequence[ev.Event]) -> AnswerReport:
        """The report of the answer that has just ended."""
        turn = next(turn for turn in state.turns.values() if turn.gen == stop.gen)
        model = str(state.model.facts["name"]) if state.model else ""
        mixer = state.mixer.state or Mixer().to_json()
        flags = turn_flags(turn, state.path(turn.id))
        line = state.mixer.expression or str(Mixer())
        return cls(turn, stop, state.session, model, changes, mixer, line, flags)

    @property
    def text(self) -> str:
        """The generated text, without the prefill."""
        return "".join(token.text for token in self.turn.tokens)

    @property
    def interrupted(self) -> bool:
        return self.stop.reason == "cancel"

    @property
    def tok_per_s(self) -> float | None:
        """Tokens per second after the first token, so that encoding the prompt is not counted."""
        later = len(self.turn.tokens) - 1
        return round(1000 * later / self.stop.spoke_ms, 2) if later > 0 and self.stop.spoke_ms else None

    def to_json(self) -> dict[str, Any]:
        said = len(self.turn.tokens)
        events = [{"at": getattr(change, "at", 0), **to_fields(change)} for change in self.changes]
        return {
            "text": self.text,
            "token_ids": [token.id for token in self.turn.tokens],
            "logprobs": [token.lp for token in self.turn.tokens],
            "stop": self.stop.reason,
            "flags": self.flags,
            # A change after the last token has acted on nothing.
            "events": [event for event in events if event["at"] < said],
            "session": self.session,
            "tok_per_s": self.tok_per_s,
            "model": self.model,
            "mixer": self.mixer,
            "expression": self.expression,
        } | _shadow_json(self.turn)


def _shadow_json(turn: Turn) -> dict[str, Any]:
    """The unsteered lane beside the answer, if there was one, as JSON fields."""
    mode = turn.settings.get("shadow")
    if mode == "forced":
        thoughts = [token.values for token in turn.tokens]
        names = (("kl", "kl"), ("logprobs", "lp0"), ("ranks", "rank"))
        told = {name: [thought[key] for thought in thoughts if key in thought] for name, key in names}
        # Measurements are stored as floats, but ranks are whole numbers.
        experts = [thought["experts"] for thought in thoughts if "experts" in thought]
        routed = {"experts": experts} if experts else {}
        return {"shadow": {"mode": mode, **told, "ranks": [int(rank) for rank in told["ranks"]], **routed}}
    if mode == "free":
        voices = turn.lanes.get(1, ())
        text, ids = "".join(voice.text for voice in voices), [voice.id for voice in voices]
        return {"shadow": {"mode": mode, "text": text, "token_ids": ids}}
    return {}
