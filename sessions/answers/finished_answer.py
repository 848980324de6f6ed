"""One finished answer of a job, as the session records it, and the flags that a reader should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.collapse.collapse import Entropies, answer_flags
from core.jobs.job import JobEvent
from core.mixer.mixer import Mixer
from sessions.journal.answer_events import LaneAnswered
from sessions.state.messages import prompt_messages
from sessions.state.mixer_words import mix_hash

LIMITS = ("length", "context")
"""Stop reasons of an answer that was cut off."""


@dataclass(frozen=True)
class FinishedAnswer(JobEvent, kind="answer"):
    """`fields` are those of a `LaneAnswered` event but for its place in the session; `mixer` steered it."""

    fields: Mapping[str, Any]
    mixer: Mixer

    @property
    def n_messages(self) -> int:
        return len(prompt_messages(self.fields["prompt"]))

    def to_event(self, gen: int, turn: int) -> LaneAnswered:
        """The event; its messages take the turns before `turn`."""
        state = self.mixer.to_json()
        line = str(self.mixer)
        return LaneAnswered(
            gen=gen, turn=turn, mixer=state, mix=mix_hash(state), expression=line, **self.fields
        )


def quality_flags(
    prompt: Any,
    settings: Mapping[str, Any],
    ids: Sequence[int],
    texts: Sequence[str],
    stop: str,
    entropies: Entropies = (),
    unsteered: Entropies = (),
) -> dict[str, Any]:
    """`collapsed` with its reason (see `core.collapse.collapse`), `truncated`, `empty`: those that hold."""
    given = [message["content"] for message in prompt_messages(prompt)]
    given += [str(settings[name]) for name in ("system", "prefill") if settings.get(name)]
    plain = {"truncated": stop in LIMITS, "empty": not ids}
    signs = answer_flags(ids, texts=texts, given=given, entropies=entropies, unsteered=unsteered)
    return signs | {name: True for name, holds in plain.items() if holds}
