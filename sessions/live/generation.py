"""Generates one answer and records it as events.

The thread that calls `run` runs the model; all other methods may be called from any thread and return at
once. Chunks, rewinds and injections enter the journal in the order in which they took effect.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from core.errors import OutOfMemory, SteerError
from core.mixer.mixer import Mixer
from sessions.journal import events as ev
from sessions.live.backend import PendingMixer, PreparedAnswer
from sessions.live.token_batch import MixerStamp, TokenBatch
from sessions.state.mixer_words import mix_hash

Append = Callable[[ev.Event], Any]


Steps = Callable[[Any], Iterator[Any]]
"""Runs the steps of an answer on the right thread (the GPU thread)."""


class AnswerRecorder:
    """Turns decode steps into `tok` and `meter` events passed to `append`; `cue` is called with each token's
    index before it is generated.
    """

    def __init__(
        self,
        event: ev.AnswerStarted,
        prepared: PreparedAnswer,
        append: Append,
        first: MixerStamp,
        *,
        cue: Callable[[int], None] = lambda index: None,
        steps: Steps = iter,
    ) -> None:
        self._before_token, self._steps = cue, steps
        self.gen, self.turn = event.gen, event.turn
        self._pace = _parse_pace(event.settings.get("pace"))
        self._prepared, self._answer, self._append = prepared, prepared.answer, append
        self._stamps = {0: first}
        self._batch = TokenBatch(event.gen, append, self._stamps)
        self._chunk_start = prepared.reused
        self._changed = threading.Condition()
        self._paused = self._cancelled = self._has_request = False
        self._ticket: PendingMixer | None = None
        self._revision = self._rev = 0
        self._token_times = 0.0, 0.0
        self.at = 0
        # Notices from the preparation come before any of the answer's own.
        for kind, data in prepared.notices:
            self._on_notice(kind, data)
        self._answer.on_notice = self._on_notice

    def set(self, mixer: Mixer, rev: int) -> tuple[int, ev.MixerSuperseded | None]:
        """Queue a mixer; returns its first token, and a `dial` event if it replaced a mixer that never took
        effect.
        """
        # Stored before the mixer is queued: the decode thread may use the new revision before `set` returns.
        self._stamps[self._revision + 1] = stamp_mixer(mixer)
        ticket = self._answer.set(mixer)
        self._revision = ticket.revision
        old, self._ticket = self._ticket, ticket
        superseded = (
            ev.MixerSuperseded(rev=self._rev, by=rev, gen=self.gen, at=old.at)
            if old and old.superseded
            else None
        )
        self._rev = rev
        return ticket.at, superseded

    def cancel(self) -> None:
        with self._changed:
            self._cancelled = True
            self._answer.cancel()
            self._changed.notify()

    def pause(self, paused: bool) -> None:
        """Pause or resume between two tokens; the current forward pass is finished first."""
        with self._changed:
            self._paused = paused
            self._changed.notify()

    def rewind(self, tokens: int) -> None:
        self._answer.rewind(tokens)
        self._wake()

    def inject(self, text: str, how: str) -> None:
        self._prepared.inject(text, how)
        self._wake()

    def _wake(self) -> None:
        """Wake a paused decode loop so that rewind and inject take effect during the pause."""
        with self._changed:
            self._has_request = True
            self._changed.notify()

    def run(self) -> ev.AnswerStopped:
        """Generate to the end and return the stop event; errors of the model are caught and recorded."""
        begun = time.monotonic()
        reason, message, code = "error", "", 0
        try:
            self._decode()
            reason = self._answer.stop_reason or "eos"
        except OutOfMemory as error:
            reason, message, code = "oom", str(error), error.exit_code
        except SteerError as error:
            message, code = str(error), error.exit_code
        except Exception as error:
            message, code = f"the model failed: {type(error).__name__}: {error}", SteerError.exit_code
        # Also after an error: the tokens that were generated belong in the journal.
        self._batch.flush(ended=True)
        return ev.AnswerStopped(
            gen=self.gen,
            reason=reason,
            tokens=self.at,
            wall_ms=_ms(time.monotonic() - begun),
            spoke_ms=_ms(self._token_times[1] - self._token_times[0]),
            message=message,
            code=code,
        )

    def _decode(self) -> None:
        last = None
        text = ""
        # Scheduled edits for a token are applied before the pass that generates it.
        self._before_token(0)
        for step in self._steps(self._answer):
            self._batch.add(step)
            self._token_times = (self._token_times[0] if last else time.monotonic(), time.monotonic())
            last, text, self.at = step, step.text, step.index + 1
            if self._pace:
                self._wait_for_pace(1 / self._pace)
            if self._paused:
                self._hold_paused()
            self._before_token(self.at)
        # At its end the decoder adds a rest of the text (an incomplete character) to the last token.
        if last is not None and last.text != text:
            self._batch.write_again(last)

    def _wait_for_pace(self, seconds: float) -> None:
        """Wait to keep the token rate below the limit; cancel and pause end the wait."""
        # Written before the wait, so that clients see the token at once.
        self._batch.flush()
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or self._paused, timeout=seconds)

    def _hold_paused(self) -> None:
        # Written before the pause event, which names the token it follows.
        self._batch.flush()
        self._append(ev.PauseChanged(gen=self.gen, at=self.at, paused=True))
        while self._stays_paused():
            # Rewinds and injections take effect during the pause, not at the next token.
            self._answer.settle()
        self._append(ev.PauseChanged(gen=self.gen, at=self.at, paused=False))

    def _stays_paused(self) -> bool:
        """Wait until there is a request or the pause ends; whether the answer is still paused."""
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or not self._paused or self._has_request)
            self._has_request = False
            return self._paused and not self._cancelled

    def _on_notice(self, kind: str, data: dict[str, Any]) -> None:
        """Record a notice of the answer, between two passes on the decode thread; unknown kinds are stored as
        they are.
        """
        # Events enter the journal in the order in which they took effect.
        self._batch.flush()
        handler = getattr(self, f"_on_{kind}", None)
        self._append(handler(data) if handler else ev.UnknownEvent(kind=kind, data={"gen": self.gen, **data}))

    def _on_chunk(self, data: dict[str, Any]) -> ev.PrefillChunk:
        start, self._chunk_start = self._chunk_start, data["edge"]
        return ev.PrefillChunk(gen=self.gen, start=start, end=data["edge"], wall_ms=data["wall_ms"])

    def _on_inject(self, data: dict[str, Any]) -> ev.TextInjected:
        how = {"model": "own"}.get(data["role"], data["role"])
        return ev.TextInjected(
            text=data["text"],
            how=how,
            gen=self.gen,
            at=data["at"],
            ids=tuple(data["ids"]),
            source=data.get("source", ""),
        )

    def _on_rewind(self, data: dict[str, Any]) -> ev.AnswerRewound:
        # `at` in the notice is the number of tokens that remain.
        dropped, self.at = self.at - data["at"], data["at"]
        self._batch.drop_unmeasured(self.at)
        return ev.AnswerRewound(gen=self.gen, to=self.at, dropped=dropped)

    def _on_lane(self, data: dict[str, Any]) -> ev.LanesAssigned:
        return ev.LanesAssigned(gen=self.gen, lanes=tuple(data["lanes"]))

    def _on_crop(self, data: dict[str, Any]) -> ev.CacheCropped:
        dropped = int(data["tokens"])
        return ev.CacheCropped(
            gen=self.gen, kept=self._prepared.reused, dropped=dropped, reason=data["reason"]
        )

    def _on_compile(self, data: dict[str, Any]) -> ev.NoteAdded:
        return ev.NoteAdded(text=data["text"], gen=self.gen, at=data["at"])

    def _on_rebuild(self, data: dict[str, Any]) -> ev.CacheRebuilt:
        mix = self._stamps[max(self._stamps)].mix
        return ev.CacheRebuilt(gen=self.gen, at=data["at"], mix=mix, tokens=data["tokens"])


def stamp_mixer(mixer: Mixer) -> MixerStamp:
    return MixerStamp(mix_hash(mixer.to_json()), tuple(channel.label for channel in mixer.channels))


def _ms(seconds: float) -> int:
    return round(1000 * seconds)


def _parse_pace(pace: Any) -> float | None:
    return float(pace) if isinstance(pace, int | float) and pace > 0 else None
