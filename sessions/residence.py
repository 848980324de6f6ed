"""Who lives on the GPU thread: at most one model, with its comings and goings as events.

It outlives a session: a new one finds the model where the last one left it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.errors import SteerError
from core.gate import Gate

from . import events as ev
from .studio import Instrument, Studio

Append = Callable[[ev.Event], Any]

PROGRESS_STEPS = 20


class Residence:
    """`instrument` is None while there is no model to speak with."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.gate = Gate("decode")
        self.instrument: Instrument | None = None
        self.name = ""
        self.loading = False

    def load(self, name: str, options: Mapping[str, Any], append: Append, then: Callable[[], None]) -> None:
        """Begins; the model that was here goes first, and `then` follows on the GPU thread."""
        self.loading = True
        append(ev.Model(state="loading", name=name, progress=0.0))
        self.gate.chat(lambda: self._load(name, options, append, then))

    def unload(self, append: Append) -> None:
        self.gate.chat(lambda: self._unload(append))

    def announce(self, append: Append) -> None:
        """Tells a new session who is here."""
        if self.instrument:
            append(ev.Model(state="ready", name=self.name, progress=1.0, facts=self.instrument.facts))

    def close(self) -> None:
        self.gate.close()

    def _load(self, name: str, options: Mapping[str, Any], append: Append, then: Callable[[], None]) -> None:
        try:
            self._unload(append)
            progress = _progress(name, append)
            self.instrument, self.name = self.studio.load(name, options, progress), name
            self.announce(append)
        except Exception as error:
            why = str(error) if isinstance(error, SteerError) else f"{type(error).__name__}: {error}"
            append(ev.Model(state="failed", name=name, note=why))
            append(ev.Error(where="load_model", message=why, code=str(getattr(error, "exit_code", 1))))
        finally:
            self.loading = False
        then()

    def _unload(self, append: Append) -> None:
        if self.instrument:
            instrument, self.instrument = self.instrument, None
            instrument.close()
            append(ev.Model(state="unloaded", name=self.name))


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
