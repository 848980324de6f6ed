"""Owns the loaded model (at most one) and the GPU thread; records loads and unloads as events.

It outlives a session: a new session uses the model that is loaded. Guest sessions share the model, each
with its own conversation, and give way to the open session.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

from core.errors import SteerError, UsageError
from core.jobs.gpu_thread import GpuThread
from sessions.journal import events as ev
from sessions.live.backend import LoadedModel, ModelBackend
from sessions.live.job_queue import JobQueue
from sessions.live.load_options import numeric_options

Append = Callable[[ev.Event], Any]

PROGRESS_STEPS = 20


class ModelHost:
    """`loaded_model` is None while no model is loaded; `queue` is the queue of all jobs."""

    def __init__(self, backend: ModelBackend) -> None:
        self.backend = backend
        self.gate = GpuThread("decode")
        self.queue = JobQueue()
        self.loaded_model: LoadedModel | None = None
        self.name = ""
        self.loading = False
        self._options: Mapping[str, Any] = {}
        self._next_options: Mapping[str, Any] = {}
        self._guests: list[SharedModel] = []

    @property
    def options(self) -> Mapping[str, Any]:
        """The load options of the current model, or of the one being loaded."""
        return self._next_options if self.loading else self._options

    def load(self, name: str, options: Mapping[str, Any], append: Append, fit: Callable[[], None]) -> None:
        """Start loading; the current model is unloaded first. `fit` runs on the GPU thread before the new
        model is used.
        """
        self._refuse_while_busy()
        self.loading, self._next_options = True, options
        self._broadcast(append)(ev.ModelChanged(state="loading", name=name, progress=0.0))
        self.gate.submit_chat(lambda: self._load(name, options, self._broadcast(append), fit))

    def unload(self, append: Append) -> None:
        self._refuse_while_busy()
        self.gate.submit_chat(lambda: self._unload(self._broadcast(append)))

    def announce(self, append: Append) -> None:
        """Tell a new session which model is loaded."""
        if self.loaded_model:
            facts = {**self.loaded_model.facts, "loading": numeric_options(self._options)}
            append(ev.ModelChanged(state="ready", name=self.name, progress=1.0, facts=facts))
        elif self.loading:
            append(ev.ModelChanged(state="loading", name=self.name))

    def run_answer(self, work: Callable[[], Any]) -> Future[Any]:
        """Run an answer on the GPU thread, before the next step of any job."""
        return self.gate.submit_chat(work)

    def run_steps(self, answer: Iterable[Any]) -> Iterator[Any]:
        """The steps of an answer; they run on the GPU thread already."""
        return iter(answer)

    def share(self, append: Append) -> SharedModel:
        """Share the model with another session; `append` gets the model's events."""
        guest = SharedModel(self, append)
        self._guests.append(guest)
        return guest

    def remove_guest(self, guest: SharedModel) -> None:
        self._guests.remove(guest)

    def close(self) -> None:
        self.gate.close()

    def _refuse_while_busy(self) -> None:
        if self.queue.busy:
            raise UsageError("a job is using the model: cancel the job before loading another model")
        if any(guest.answering for guest in self._guests):
            raise UsageError("a command is using the model: cancel the command before loading another model")

    def _broadcast(self, append: Append) -> Append:
        """Append events to the open session and to all guest sessions."""

        def append_everywhere(event: ev.Event) -> None:
            append(event)
            # A copy, because a guest may leave meanwhile.
            for guest in list(self._guests):
                guest.append(event)

        return append_everywhere

    def _load(self, name: str, options: Mapping[str, Any], append: Append, fit: Callable[[], None]) -> None:
        """Load on the GPU thread. When the final event is sent, the new or the kept model is ready for use."""
        failure = None
        try:
            # Checked before the current model is unloaded, so that a refusal keeps it.
            self.backend.check_load(name, options)
            self._unload(append)
            self.name, self._options = name, options
            self.loaded_model = self.backend.load(name, options, _thin_progress(name, append))
            # The mixer must fit before the first answer starts.
            fit()
        except Exception as error:
            failure = error
        self.loading = False
        if failure is not None:
            why = str(failure) if isinstance(failure, SteerError) else f"{type(failure).__name__}: {failure}"
            append(ev.ModelChanged(state="failed", name=name, note=why))
            append(
                ev.ErrorReported(where="load_model", message=why, code=str(getattr(failure, "exit_code", 1)))
            )
        self.announce(append)

    def _unload(self, append: Append) -> None:
        if self.loaded_model:
            model, self.loaded_model = self.loaded_model, None
            for guest in self._guests:
                # Any reference left would keep the weights in memory.
                guest.forget()
            model.close()
            append(ev.ModelChanged(state="unloaded", name=self.name))


class SharedModel:
    """A `ModelHost` for a second session: it may use the model but not load or unload it."""

    def __init__(self, owner: ModelHost, append: Append) -> None:
        self.backend, self.gate, self.queue = owner.backend, owner.gate, owner.queue
        self.append = append
        self._owner = owner
        self._own: LoadedModel | None = None
        self._thread = ThreadPoolExecutor(1, "guest")
        self._answer: Future[Any] | None = None

    @property
    def loaded_model(self) -> LoadedModel | None:
        """The shared model with a conversation of its own."""
        if self._own is None and self._owner.loaded_model:
            self._own = self._owner.loaded_model.share()
        return self._own

    @property
    def loading(self) -> bool:
        return self._owner.loading

    @property
    def options(self) -> Mapping[str, Any]:
        return self._owner.options

    def load(self, name: str, options: Mapping[str, Any], append: Append, fit: Callable[[], None]) -> None:
        raise UsageError("a guest session cannot load another model")

    def unload(self, append: Append) -> None:
        raise UsageError("a guest session cannot unload the model")

    def announce(self, append: Append) -> None:
        self._owner.announce(append)

    def run_answer(self, work: Callable[[], Any]) -> Future[Any]:
        """Run an answer on another thread, so that the open session does not wait for its end."""
        self._answer = self._thread.submit(work)
        return self._answer

    @property
    def answering(self) -> bool:
        return self._answer is not None and not self._answer.done()

    def run_steps(self, answer: Iterable[Any]) -> Iterator[Any]:
        """Run each step on the GPU thread, after everything the open session requested."""
        steps = iter(answer)
        # One task per step, so that the open session's answers can run between two steps.
        while (step := self.gate.submit_job(lambda: next(steps, None)).result()) is not None:
            yield step

    def share(self, append: Append) -> SharedModel:
        return self._owner.share(append)

    def forget(self) -> None:
        """Drop the reference to the model before it is unloaded."""
        self._own = None

    def close(self) -> None:
        """Stop sharing; the owner and its model stay."""
        self._thread.shutdown()
        self._owner.remove_guest(self)


Home: TypeAlias = ModelHost | SharedModel


def _thin_progress(name: str, append: Append) -> Callable[[float | None, str], None]:
    """A progress callback that records only new stages and every twentieth of a stage."""
    last: tuple[str, int] | None = None

    def progress(done: float | None, note: str) -> None:
        nonlocal last
        # Without a known total there is one event per stage.
        current = note, -1 if done is None else int(done * PROGRESS_STEPS)
        if current != last:
            last = current
            append(ev.ModelChanged(state="loading", name=name, progress=done, note=note))

    return progress
