"""The live session: commands in, events out.

Commands may come from any thread; the GPU thread drives the model. A command answers with what a reply needs;
everything that happened because of it is in the events, and `state` is nothing but their fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import SteerError, UsageError
from core.mixer import Mixer

from . import events as ev
from .desk import describe, mix_of
from .folding import fold
from .journal import Journal
from .lines import Record
from .performance import Performance, stamp
from .rack import Rack
from .residence import Residence
from .spoken import messages
from .state import State, Turn
from .studio import Instrument, Speech

PACE = "pace"
"""A setting for us and not for the model: at most this many tokens a second."""


@dataclass(frozen=True)
class Prompt:
    """An answer that was asked for: to which turn, with which settings, and what the model's mouth already holds."""

    parent: int | None
    settings: Mapping[str, Any] = field(default_factory=dict)


class Session:
    """One conversation with one resident model. `keep`: the folder that vectors are copied into."""

    def __init__(
        self, journal: Journal, residence: Residence, *, keep: Path | None = None, state: State | None = None
    ) -> None:
        self.journal, self._residence, self._keep = journal, residence, keep
        self.state = state or State()
        self._rack = Rack()
        self._mixer = Mixer()
        self._playing: Performance | None = None
        self._prompt: Prompt | None = None
        self._answering = self._hushed = False
        journal.listen(self._fold)

    def _fold(self, record: Record) -> None:
        self.state = fold(self.state, record)

    # models ------------------------------------------------------------------------------------------------------

    def load_model(self, model: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Begins to load; `model` events tell how far it is. A model that was resident goes first."""
        if self.busy:
            raise UsageError("the model is in use: cancel what it does before another one is loaded")
        self._residence.load(model, options or {}, self.journal.append, self._arrived)
        return {}

    def unload(self) -> dict[str, Any]:
        if self.busy:
            raise UsageError("the model is in use: cancel what it does first")
        self._residence.unload(self.journal.append)
        return {}

    def _arrived(self) -> None:
        """A model is here, or could not be had: whoever waited is answered, or has waited in vain."""
        if self._residence.instrument is None:
            self._prompt = None
        self._answer_next()

    # talking -----------------------------------------------------------------------------------------------------

    def chat(
        self, text: str, *, role: str = "user", parent: int | None = None, **settings: Any
    ) -> dict[str, Any]:
        """Says something and asks for the answer; while the model is busy or loading, one prompt may wait."""
        with self.journal.lock:
            self._may_ask()
            parent = self.state.head if parent is None else self._known(parent).id
            turn = self._next_turn()
            self.journal.append(ev.Turn(turn=turn, parent=parent, role=role, text=text))
            return {"turn": turn, "queued": self._ask(Prompt(turn, _flat(settings)))}

    def regenerate(
        self, *, turn: int | None = None, settings: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Another answer to the same turn, beside the first; without new settings it would be the same again."""
        with self.journal.lock:
            self._may_ask()
            answer = self._known(self.state.head if turn is None else turn)
            parent = answer.parent if answer.role == "assistant" else answer.id
            return {"queued": self._ask(Prompt(parent, {**answer.settings, **(settings or {})}))}

    def cancel(self) -> dict[str, Any]:
        """Ends the answer after the pass or prefill chunk that runs; a waiting prompt goes with it."""
        with self.journal.lock:
            self._prompt, self._hushed = None, True
            if self._playing:
                self._playing.cancel()
            return {"at": self._playing.at if self._playing else None}

    def pause(self, paused: bool) -> dict[str, Any]:
        performance = self._performance()
        performance.pause(paused)
        return {"at": performance.at}

    def rewind(self, tokens: int) -> dict[str, Any]:
        """Takes back the last tokens of the answer being generated, before its next one."""
        performance = self._performance()
        performance.rewind(tokens)
        return {"at": performance.at}

    def inject(self, text: str, *, how: str = "own") -> dict[str, Any]:
        """A distractor before the next token: `own` words of the model, a `user` turn, or `tool` output."""
        performance = self._performance()
        if how not in ("own", "user", "tool"):
            raise UsageError(f"a distractor comes as own, user or tool, not {how!r}")
        performance.inject(text, how)
        return {"at": performance.at}

    # the mixer ---------------------------------------------------------------------------------------------------

    def mixer(
        self, rev: int, state: Mapping[str, Any], *, words: str = "", source: str = ""
    ) -> dict[str, Any]:
        """The desired mixer. In force from token `at` of answer `gen`; the journal has it before this returns."""
        with self.journal.lock:
            mixer = Mixer.from_json(state, self._rack.find)
            gen, at, overtaken = None, 0, None
            if self._playing:
                gen = self._playing.gen
                at, overtaken = self._playing.set(mixer, rev)
            elif self._residence.instrument:
                self._residence.instrument.check(mixer)
            self._mixer = mixer
            plain = mixer.to_json()
            words = words or describe(self.state.desk.state, plain)
            if overtaken:
                self.journal.append(overtaken)
            self.journal.append(
                ev.Mixer(rev=rev, state=plain, mix=mix_of(plain), gen=gen, at=at, words=words, source=source)
            )
            return {"rev": rev, "gen": gen, "at": at}

    def load_vector(self, source: str, *, name: str | None = None) -> dict[str, Any]:
        """Reads a file or a library name; from now on a mixer may name it. A copy goes into the session's folder."""
        vector = self._residence.studio.vector(source, self._keep)
        with self.journal.lock:
            event = self._rack.add(name or vector.name, vector, source)
            self.journal.append(event)
        return {"name": event.name, "sha256": event.sha256, "layers": list(event.layers)}

    def remove_vector(self, name: str) -> dict[str, Any]:
        with self.journal.lock:
            if any(channel.vector is self._rack.find(name) for channel in self._mixer.channels):
                raise UsageError(f"{name!r} is on the mixer: remove its channel first")
            self.journal.append(self._rack.remove(name))
        return {}

    # words beside the talk -----------------------------------------------------------------------------------------

    def note(self, text: str) -> dict[str, Any]:
        self.journal.append(ev.Note(text=text, **self._here()))
        return {}

    def mark(self, label: str) -> dict[str, Any]:
        self.journal.append(ev.Mark(label=label, **self._here()))
        return {}

    def close(self, reason: str) -> None:
        """Cancels, waits for the answer to end, and ends the journal. The model stays where it is."""
        self.cancel()
        self._residence.gate.chat(lambda: None).result()
        self.journal.close(reason)

    # on the GPU thread ------------------------------------------------------------------------------------------------

    def _answer_next(self) -> None:
        with self.journal.lock:
            prompt, self._prompt = self._prompt, None
            self._answering, self._hushed = prompt is not None, False
        try:
            if prompt and self._residence.instrument:
                self._perform(prompt, self._residence.instrument)
        except Exception as error:
            what = f"internal error ({type(error).__name__}: {error})"
            self.journal.append(ev.Error(where="session", message=what))
        finally:
            self._answering = False

    def _perform(self, prompt: Prompt, instrument: Instrument) -> None:
        gen = 1 + max((t.gen for t in self.state.turns.values() if t.gen is not None), default=-1)
        turn = self._next_turn()
        mixer = self._mixer
        try:
            settings = {key: value for key, value in prompt.settings.items() if key != PACE}
            speech = instrument.speak(messages(self.state.path(prompt.parent)), mixer, settings)
        except Exception as error:
            self._refused(prompt, gen, turn, error)
            return
        with self.journal.lock:
            self.journal.append(self._beginning(prompt, gen, turn, speech))
            self._playing = Performance(gen, turn, speech, self.journal.append, stamp(mixer), _pace(prompt))
            if mixer is not self._mixer:
                self._playing.set(self._mixer, self.state.desk.rev)
            if self._hushed:
                self._playing.cancel()
        stop = self._playing.play()
        with self.journal.lock:
            self._playing = None
            self.journal.append(stop)

    def _beginning(self, prompt: Prompt, gen: int, turn: int, speech: Speech) -> ev.Gen:
        return ev.Gen(
            gen=gen,
            turn=turn,
            parent=prompt.parent,
            prompt_tokens=speech.reused + len(speech.prompt_ids),
            prompt_ids=tuple(speech.prompt_ids),
            reused=speech.reused,
            settings=prompt.settings,
            mix=mix_of(self._mixer.to_json()),
        )

    def _refused(self, prompt: Prompt, gen: int, turn: int, error: Exception) -> None:
        """An answer that could not begin is an answer of no tokens that says why."""
        why = str(error) if isinstance(error, SteerError) else f"{type(error).__name__}: {error}"
        with self.journal.lock:
            self.journal.append(ev.Gen(gen=gen, turn=turn, parent=prompt.parent, settings=prompt.settings))
            self.journal.append(ev.Stop(gen=gen, reason="error", tokens=0, message=why))

    # small parts -----------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Something is being answered or loaded, or is about to be."""
        return self._residence.loading or self._answering or self._prompt is not None

    def _may_ask(self) -> None:
        if self._prompt:
            raise UsageError("a prompt is waiting already: it is answered first")
        if not (self._residence.instrument or self._residence.loading):
            raise UsageError("no model is loaded")

    def _ask(self, prompt: Prompt) -> bool:
        """Whether it has to wait for something first."""
        waits = self._residence.loading or self._answering
        self._prompt = prompt
        self._residence.gate.chat(self._answer_next)
        return waits

    def _performance(self) -> Performance:
        if self._playing is None:
            raise UsageError("no answer is being generated")
        return self._playing

    def _known(self, turn: int | None) -> Turn:
        if turn is None or turn not in self.state.turns:
            raise UsageError("there is no turn to answer" if turn is None else f"there is no turn {turn}")
        return self.state.turns[turn]

    def _next_turn(self) -> int:
        return 1 + max(self.state.turns, default=-1)

    def _here(self) -> dict[str, Any]:
        return {"gen": self._playing.gen, "at": self._playing.at} if self._playing else {}


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`chat` takes the settings of the answer beside `system` and `prefill`; they are kept as one."""
    nested = settings.get("settings") or {}
    return {**nested, **{k: v for k, v in settings.items() if k != "settings" and v is not None}}


def _pace(prompt: Prompt) -> float | None:
    pace = prompt.settings.get(PACE)
    return float(pace) if isinstance(pace, int | float) and pace > 0 else None
