"""Who lives on the GPU thread: at most one model, with its comings and goings as events.

It outlives a session: a new one finds the model where the last one left it. Beside the session that is open there may
be guests: each has the same model with a conversation of its own, and yields to whoever talks in the open one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias

from core.errors import SteerError, UsageError
from core.gate import Gate
from sessions import events as ev
from sessions.queue import Queue
from sessions.studio import Instrument, Studio

Append = Callable[[ev.Event], Any]

PROGRESS_STEPS = 20


DECISIVE = ("dtype", "quant", "adapter", "revision", "layers_path")
"""What decides the numbers a model gives, of how it is loaded; where it lies is the machine's affair."""


def decisive(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in DECISIVE if options.get(name) is not None}


class Residence:
    """`instrument` is None while there is no model to speak with; `queue` is the one of all jobs."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.gate = Gate("decode")
        self.queue = Queue()
        self.instrument: Instrument | None = None
        self.name = ""
        self.loading = False
        self._options: Mapping[str, Any] = {}
        self._coming: Mapping[str, Any] = {}
        self._guests: list[Guest] = []

    @property
    def options(self) -> Mapping[str, Any]:
        """How the model that is here was loaded, or the one that is named as coming is."""
        return self._coming if self.loading else self._options

    def load(self, name: str, options: Mapping[str, Any], append: Append, fit: Callable[[], None]) -> None:
        """Begins; the model that was here goes first. `fit` follows on the GPU thread, before the new one is played."""
        self._refuse_while_worked()
        self.loading, self._coming = True, options
        self._told(append)(ev.Model(state="loading", name=name, progress=0.0))
        self.gate.chat(lambda: self._load(name, options, self._told(append), fit))

    def unload(self, append: Append) -> None:
        self._refuse_while_worked()
        self.gate.chat(lambda: self._unload(self._told(append)))

    def announce(self, append: Append) -> None:
        """Tells a new session who is here."""
        if self.instrument:
            facts = {**self.instrument.facts, "loading": decisive(self._options)}
            append(ev.Model(state="ready", name=self.name, progress=1.0, facts=facts))
        elif self.loading:
            append(ev.Model(state="loading", name=self.name))

    def answer(self, work: Callable[[], Any]) -> Future[Any]:
        """Has an answer spoken on the GPU thread, before any job's next step."""
        return self.gate.chat(work)

    def steps(self, answer: Iterable[Any]) -> Iterator[Any]:
        """An answer is spoken on the GPU thread already."""
        return iter(answer)

    def guest(self, append: Append) -> Guest:
        """The same model for another session; `append` is told when the model comes or goes."""
        guest = Guest(self, append)
        self._guests.append(guest)
        return guest

    def leave(self, guest: Guest) -> None:
        self._guests.remove(guest)

    def close(self) -> None:
        self.gate.close()

    def _refuse_while_worked(self) -> None:
        if self.queue.busy:
            raise UsageError("the model is in use by a job: cancel it before another model is loaded")
        if any(guest.speaking for guest in self._guests):
            raise UsageError("the model is in use by a command: cancel it before another model is loaded")

    def _told(self, append: Append) -> Append:
        """Everybody hears of the model."""

        def tell(event: ev.Event) -> None:
            append(event)
            for guest in list(self._guests):
                guest.append(event)

        return tell

    def _load(self, name: str, options: Mapping[str, Any], append: Append, fit: Callable[[], None]) -> None:
        """Whoever is told of the end finds the model free to work with: the one that came, or the one that stayed."""
        failure = None
        try:
            self.studio.examine(name, options)
            self._unload(append)
            self.name, self._options = name, options
            self.instrument = self.studio.load(name, options, _progress(name, append))
            fit()
        except Exception as error:
            failure = error
        self.loading = False
        if failure is not None:
            why = str(failure) if isinstance(failure, SteerError) else f"{type(failure).__name__}: {failure}"
            append(ev.Model(state="failed", name=name, note=why))
            append(ev.Error(where="load_model", message=why, code=str(getattr(failure, "exit_code", 1))))
        self.announce(append)

    def _unload(self, append: Append) -> None:
        if self.instrument:
            instrument, self.instrument = self.instrument, None
            for guest in self._guests:
                guest.forget()
            instrument.close()
            append(ev.Model(state="unloaded", name=self.name))


class Guest:
    """What a residence is to its own session, to another one: the model is lent, and neither loaded nor unloaded."""

    def __init__(self, house: Residence, append: Append) -> None:
        self.studio, self.gate, self.queue = house.studio, house.gate, house.queue
        self.append = append
        self._house = house
        self._own: Instrument | None = None
        self._voice = ThreadPoolExecutor(1, "guest")
        self._answer: Future[Any] | None = None

    @property
    def instrument(self) -> Instrument | None:
        """Its conversation is nobody else's."""
        if self._own is None and self._house.instrument:
            self._own = self._house.instrument.beside()
        return self._own

    @property
    def loading(self) -> bool:
        return self._house.loading

    @property
    def options(self) -> Mapping[str, Any]:
        return self._house.options

    def load(self, name: str, options: Mapping[str, Any], append: Append, fit: Callable[[], None]) -> None:
        raise UsageError("a command that works in an engine cannot exchange its model")

    def unload(self, append: Append) -> None:
        raise UsageError("a command that works in an engine cannot take its model away")

    def announce(self, append: Append) -> None:
        self._house.announce(append)

    def answer(self, work: Callable[[], Any]) -> Future[Any]:
        """Beside the GPU thread, so that whoever talks in the open session need not wait for its end."""
        self._answer = self._voice.submit(work)
        return self._answer

    @property
    def speaking(self) -> bool:
        return self._answer is not None and not self._answer.done()

    def steps(self, answer: Iterable[Any]) -> Iterator[Any]:
        """Each on the GPU thread, after everything that is asked for in the open session."""
        made = iter(answer)
        while (step := self.gate.job(lambda: next(made, None)).result()) is not None:
            yield step

    def guest(self, append: Append) -> Guest:
        return self._house.guest(append)

    def forget(self) -> None:
        """The model goes: nothing here may keep it."""
        self._own = None

    def close(self) -> None:
        """The house stays as it is."""
        self._voice.shutdown()
        self._house.leave(self)


Home: TypeAlias = Residence | Guest


def _progress(name: str, append: Append) -> Callable[[float | None, str], None]:
    """A model has hundreds of weights; the journal is told of a new stage and of every twentieth on the way."""
    told: tuple[str, int] | None = None

    def progress(done: float | None, note: str) -> None:
        nonlocal told
        place = note, -1 if done is None else int(done * PROGRESS_STEPS)
        if place != told:
            told = place
            append(ev.Model(state="loading", name=name, progress=done, note=note))

    return progress
