"""The live session: commands in, events out.

Commands may come from any thread; the GPU thread drives the model. A command answers with what a reply needs;
everything that happened because of it is in the events, and `state` is nothing but their fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import BadInput, UsageError
from core.mixer import Mixer
from sessions import events as ev
from sessions.desk import describe, mix_of
from sessions.fitting import at_hand, fitted
from sessions.folder import hand_down
from sessions.folding import fold
from sessions.journal import Journal
from sessions.lines import Record
from sessions.performance import Performance
from sessions.rack import Rack
from sessions.residence import Home
from sessions.stage import Prompt, Stage
from sessions.state import ROOT, State, Turn
from sessions.tasks import Registry, Tasks


class Session:
    """One conversation with one resident model. `keep`: the folder that vectors are copied into; `steps`: where what
    unfinished jobs have finished waits for them to be started again."""

    def __init__(
        self,
        journal: Journal,
        residence: Home,
        *,
        keep: Path | None = None,
        steps: Path | None = None,
        state: State | None = None,
        jobs: Registry | None = None,
    ) -> None:
        self.journal, self._residence, self._keep = journal, residence, keep
        self.tasks = Tasks(residence, journal, lambda: self.state, jobs or {}, steps)
        self.state = state or State()
        self._rack = Rack()
        self._mixer = Mixer()
        self._stage = Stage(
            journal,
            residence,
            lambda: self.state,
            lambda: (self._mixer, self.state.desk.rev),
            lambda script, index: script.perform(index, self),
        )
        journal.listen(self._fold)

    def _fold(self, record: Record) -> None:
        self.state = fold(self.state, record)

    # models ------------------------------------------------------------------------------------------------------

    def load_model(self, model: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Begins to load; `model` events tell how far it is. A model that was resident goes first."""
        if self.busy:
            raise UsageError("the model is in use: cancel what it does before another one is loaded")
        self._residence.load(model, options or {}, self.journal.append, self._refit)
        return {}

    def unload(self) -> dict[str, Any]:
        if self.busy:
            raise UsageError("the model is in use: cancel what it does first")
        self._residence.unload(self.journal.append)
        return {}

    def _refit(self) -> None:
        """What the model that is here now cannot play is muted at once, and not refused at the next answer."""
        if (instrument := self._residence.instrument) is None:
            return
        with self.journal.lock:
            mixer, sentence = fitted(self._mixer, instrument.check)
            if sentence:
                self.journal.append(ev.Error(where="mixer", message=sentence, code=str(BadInput.exit_code)))
                self.mixer(self.state.desk.rev + 1, mixer.to_json())

    # talking -----------------------------------------------------------------------------------------------------

    def chat(
        self, text: str, *, role: str = "user", parent: int | None = None, **settings: Any
    ) -> dict[str, Any]:
        """Says something and asks for the answer; while the model is busy or loading, one prompt may wait."""
        with self.journal.lock:
            self._stage.may_ask()
            parent = self._above(parent)
            turn = 1 + max(self.state.turns, default=-1)
            self.journal.append(ev.Turn(turn=turn, parent=parent, role=role, text=text))
            return {"turn": turn, "queued": self._stage.ask(Prompt(turn, _flat(settings)))}

    def remember(self, text: str, *, role: str = "user") -> dict[str, Any]:
        """A turn that was said elsewhere: nobody answers it."""
        with self.journal.lock:
            turn = 1 + max(self.state.turns, default=-1)
            self.journal.append(ev.Turn(turn=turn, parent=self.state.head, role=role, text=text))
        return {"turn": turn}

    def regenerate(
        self, *, turn: int | None = None, settings: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Another answer to the same turn, beside the first; without new settings it would be the same again.
        A setting of None is not taken over from the first one either."""
        with self.journal.lock:
            self._stage.may_ask()
            answer = self._known(self.state.head if turn is None else turn)
            parent = answer.parent if answer.role == "assistant" else answer.id
            return {"queued": self._stage.ask(Prompt(parent, _flat({**answer.settings, **(settings or {})})))}

    def cancel(self) -> dict[str, Any]:
        """Ends the answer after the pass or prefill chunk that runs; a waiting prompt (`dropped`) goes with it."""
        with self.journal.lock:
            dropped = self._stage.hush()
            return {"at": self._stage.playing.at if self._stage.playing else None, "dropped": dropped}

    def pause(self, paused: bool) -> dict[str, Any]:
        performance = self._performance()
        performance.pause(paused)
        return {"at": performance.at}

    def rewind(self, tokens: int) -> dict[str, Any]:
        """Takes back the last tokens of the answer; after its end, another answer goes on from there."""
        if tokens < 1:
            raise UsageError(f"rewind takes a positive number of tokens, not {tokens}")
        with self.journal.lock:
            if self._stage.playing is None:
                return self._go_on_from(self._known(self.state.head), tokens)
            self._stage.playing.rewind(tokens)
            return {"at": self._stage.playing.at}

    def _go_on_from(self, answer: Turn, tokens: int) -> dict[str, Any]:
        """The words that are kept are put into the model's mouth; both answers stay."""
        if answer.gen is None:
            raise UsageError("there is no answer to take back")
        self._stage.may_ask()
        kept = answer.said + "".join(token.text for token in answer.tokens[:-tokens])
        self._stage.ask(Prompt(answer.parent, {**answer.settings, "prefill": kept}))
        return {"at": max(0, len(answer.tokens) - tokens)}

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
            if playing := self._stage.playing:
                gen = playing.gen
                at, overtaken = playing.set(mixer, rev)
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

    def flip_all(self) -> None:
        """Every vector turned around, at the next token."""
        mixer = self._mixer
        for channel in range(len(mixer.channels)):
            mixer = mixer.flip(channel)
        self.mixer(self.state.desk.rev + 1, mixer.to_json(), words="flip")

    def load_vector(self, source: str, *, name: str | None = None, force: bool = False) -> dict[str, Any]:
        """Reads a file or a library name; from now on a mixer may name it. A copy goes into the session's folder.
        `force`: in spite of doubts whether it is this model's."""
        vector = self._residence.studio.vector(source, self._keep, force=force)
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

    def inherit(self, before: Session) -> None:
        """A new session begins with the desk the last one left: its vectors and its mixer."""
        self._rack = before._rack
        for event in self._rack.events.values():
            if self._keep and before._keep:
                hand_down(event.sha256, before._keep, self._keep)
            self.journal.append(event)
        self.mixer(before.state.desk.rev, before._mixer.to_json(), words="as before")

    def restore(self) -> None:
        """An old session taken up again gets its own vectors back, from the copies it kept."""
        for error in self._rack.recall(self.state.vectors, self._residence.studio.vector, self._keep):
            self.journal.append(ev.Error(where="restore", message=str(error), code=str(error.exit_code)))
        desk = self.state.desk
        self._mixer = Mixer.from_json(at_hand(desk.state, self._rack.find), self._rack.find)
        if len(self._mixer.channels) < len(desk.state.get("channels", ())):
            self.mixer(desk.rev + 1, self._mixer.to_json())
        self._refit()

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
        self.tasks.close()
        self._residence.answer(lambda: None).result()
        self.journal.close(reason)

    # small parts -----------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Something is being answered, loaded or worked at, or is about to be."""
        return self._stage.busy or self.tasks.running

    def _performance(self) -> Performance:
        if self._stage.playing is None:
            raise UsageError("no answer is being generated")
        return self._stage.playing

    def _above(self, parent: int | None) -> int | None:
        """Where a new turn hangs: below the head unless somebody says otherwise; ROOT begins another tree."""
        if parent is None:
            return self.state.head
        return None if parent == ROOT else self._known(parent).id

    def _known(self, turn: int | None) -> Turn:
        if turn is None or turn not in self.state.turns:
            raise UsageError("there is no turn to answer" if turn is None else f"there is no turn {turn}")
        return self.state.turns[turn]

    def _here(self) -> dict[str, Any]:
        playing = self._stage.playing
        return {"gen": playing.gen, "at": playing.at} if playing else {}


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """`chat` takes the settings of the answer beside `system` and `prefill`; they are kept as one."""
    nested = settings.get("settings") or {}
    return {**nested, **{k: v for k, v in settings.items() if k != "settings" and v is not None}}
