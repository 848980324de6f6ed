"""The answer queue: the running answer, and one prompt that may wait behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from core.errors import SteerError, UsageError
from core.mixer.mixer import Mixer
from sessions.journal import events as ev
from sessions.journal.journal import Journal
from sessions.journal.prompt_hash import hash_ids, written_ids
from sessions.live.backend import LoadedModel, PreparedAnswer
from sessions.live.generation import AnswerRecorder, stamp_mixer
from sessions.live.model_host import Home
from sessions.live.scheduled_edits import ScheduledEdits
from sessions.state.answer_settings import SESSION, settings_of_scope
from sessions.state.messages import chat_messages
from sessions.state.mixer_words import mix_hash
from sessions.state.state import SessionState

SESSION_SETTINGS = settings_of_scope(SESSION)


def model_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of an answer that are passed to the model."""
    return {name: value for name, value in settings.items() if name not in SESSION_SETTINGS}


@dataclass(frozen=True)
class WaitingPrompt:
    """A requested answer: the turn it replies to, and its settings."""

    parent: int | None
    settings: Mapping[str, Any] = field(default_factory=dict)


class AnswerQueue:
    """`state` and `mixer` return the current values when an answer starts; `apply_edits` applies its scheduled
    edits.
    """

    def __init__(
        self,
        journal: Journal,
        host: Home,
        state: Callable[[], SessionState],
        mixer: Callable[[], tuple[Mixer, int]],
        apply_edits: Callable[[ScheduledEdits, int], None],
    ) -> None:
        self._journal, self._host = journal, host
        self._state, self._mixer, self._apply_edits = state, mixer, apply_edits
        self._prompt: WaitingPrompt | None = None
        self._answering = self._cancelled = False
        self.current: AnswerRecorder | None = None

    @property
    def busy(self) -> bool:
        return self._host.loading or self._answering or self._prompt is not None

    def refuse_if_full(self) -> None:
        """Refuse a prompt if no model is loaded or another prompt is waiting."""
        if self._prompt:
            raise UsageError("a prompt is waiting already: it is answered first")
        if not (self._host.loaded_model or self._host.loading):
            raise UsageError("no model is loaded")

    def enqueue(self, prompt: WaitingPrompt) -> bool:
        """Queue a prompt; whether it has to wait."""
        waits = self._host.loading or self._answering
        self._prompt = prompt
        self._host.run_answer(self.answer_next)
        return waits

    def cancel(self) -> int | None:
        """Stop after the current forward pass or prefill chunk and drop the waiting prompt. Returns the
        parent turn of the dropped prompt.
        """
        dropped, self._prompt, self._cancelled = self._prompt, None, True
        if self.current:
            self.current.cancel()
        return dropped.parent if dropped else None

    def answer_next(self) -> None:
        """On the GPU thread: answer the waiting prompt, if a model is loaded."""
        with self._journal.lock:
            prompt, self._prompt = self._prompt, None
            # In one step with taking the prompt, so that no other thread sees neither waiting nor answering.
            self._answering, self._cancelled = prompt is not None, False
        try:
            if prompt and self._host.loaded_model:
                self._generate(prompt, self._host.loaded_model)
        except Exception as error:
            what = f"internal error ({type(error).__name__}: {error})"
            self._journal.append(ev.ErrorReported(where="session", message=what))
        finally:
            self._answering = False

    def _generate(self, prompt: WaitingPrompt, model: LoadedModel) -> None:
        mixer, _ = self._mixer()
        try:
            edits = ScheduledEdits.from_settings(prompt.settings)
            messages = chat_messages(self._state().path(prompt.parent))
            prepared = model.prepare_answer(messages, mixer, model_settings(prompt.settings))
        except Exception as error:
            self._record_refusal(prompt, error)
            return
        recorder = self._begin(prompt, prepared, mixer, edits)
        stop = recorder.run()
        # The cache holds the memory that the next answer needs.
        if stop.reason == "oom":
            model.forget()
        with self._journal.lock:
            # Together with the stop event, so that no command reaches an answer that has ended.
            self.current = None
            self._journal.append(stop)

    def _number_answer(self, prompt: WaitingPrompt) -> ev.AnswerStarted:
        """The start of an answer with its numbers; under the lock, because a job may record answers too."""
        state = self._state()
        gen = 1 + max((t.gen for t in state.turns.values() if t.gen is not None), default=-1)
        return ev.AnswerStarted(
            gen=gen, turn=1 + max(state.turns), parent=prompt.parent, settings=prompt.settings
        )

    def _begin(
        self, prompt: WaitingPrompt, prepared: PreparedAnswer, mixer: Mixer, edits: ScheduledEdits
    ) -> AnswerRecorder:
        """Record the start of the answer; mixer changes and cancels made during preparation apply from its
        first token.
        """
        with self._journal.lock:
            event = self._number_answer(prompt)
            self._journal.append(
                replace(
                    event,
                    prompt_tokens=prepared.reused + len(prepared.prompt_ids),
                    prompt_ids=written_ids(prepared.prompt_ids),
                    prompt_sha=hash_ids(prepared.prompt_ids),
                    reused=prepared.reused,
                    mix=mix_hash(mixer.to_json()),
                )
            )
            recorder = AnswerRecorder(
                event,
                prepared,
                self._journal.append,
                stamp_mixer(mixer),
                cue=partial(self._apply_edits, edits),
                steps=self._host.run_steps,
            )
            # The lock is held, so that the mixer cannot change between here and `self.current = …`.
            newest, rev = self._mixer()
            if newest is not mixer:
                recorder.set(newest, rev)
            if self._cancelled:
                recorder.cancel()
            self.current = recorder
        return recorder

    def _record_refusal(self, prompt: WaitingPrompt, error: Exception) -> None:
        """Record an answer that could not start: no tokens, and the error as its stop event."""
        why = str(error) if isinstance(error, SteerError) else f"{type(error).__name__}: {error}"
        code = error.exit_code if isinstance(error, SteerError) else SteerError.exit_code
        with self._journal.lock:
            event = self._number_answer(prompt)
            self._journal.append(event)
            self._journal.append(
                ev.AnswerStopped(gen=event.gen, reason="error", tokens=0, message=why, code=code)
            )
