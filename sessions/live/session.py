"""The live session: commands in, events out.

Commands may come from any thread; the model runs on the GPU thread. A command returns only what its reply
needs; its effects are events, and `state` is the fold of all events.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import BadInput, UsageError
from core.mixer.mixer import Mixer
from sessions.answers.finished_answer import FinishedAnswer
from sessions.journal import events as ev
from sessions.journal.codec import JournalRecord
from sessions.journal.folder import share_vector_copy, vector_copy
from sessions.journal.journal import Journal
from sessions.live.answer_queue import AnswerQueue, WaitingPrompt
from sessions.live.compatibility import mute_incompatible, without_missing_vectors
from sessions.live.generation import AnswerRecorder
from sessions.live.jobs import Registry, SessionJobs
from sessions.live.loaded_vectors import LoadedVectors
from sessions.live.model_host import Home
from sessions.state.answer_settings import check_settings
from sessions.state.fold import fold
from sessions.state.mixer_changes import describe_change
from sessions.state.mixer_words import mix_hash
from sessions.state.state import ROOT, SessionState, Turn


class Session:
    """One conversation with one loaded model. `keep`: the folder for copies of vectors; `steps`: the folder
    for finished steps of unfinished jobs, used when they are started again.
    """

    def __init__(
        self,
        journal: Journal,
        host: Home,
        *,
        keep: Path | None = None,
        steps: Path | None = None,
        state: SessionState | None = None,
        jobs: Registry | None = None,
    ) -> None:
        self.journal, self._host, self._keep = journal, host, keep
        self.tasks = SessionJobs(host, journal, lambda: self.state, jobs or {}, steps, self._record_answer)
        self.state = state or SessionState()
        self._vectors = LoadedVectors()
        self._mixer = Mixer()
        self._answers = AnswerQueue(
            journal,
            host,
            lambda: self.state,
            lambda: (self._mixer, self.state.mixer.rev),
            lambda script, index: script.apply_before(index, self),
        )
        journal.listen(self._fold)

    def _fold(self, record: JournalRecord) -> None:
        self.state = fold(self.state, record)

    # models ------------------------------------------------------------------------------------------------------

    def load_model(self, model: str, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Start loading a model; `model` events report the progress. The current model is unloaded first."""
        if self.busy:
            raise UsageError("the model is in use: cancel its answer and jobs before loading another model")
        self._host.load(model, options or {}, self.journal.append, self._mute_incompatible)
        return {}

    def unload(self) -> dict[str, Any]:
        if self.busy:
            raise UsageError("the model is in use: cancel its answer and jobs first")
        self._host.unload(self.journal.append)
        return {}

    def _mute_incompatible(self) -> None:
        """Mute mixer channels that the newly loaded model cannot apply, instead of failing at the next
        answer.
        """
        if (model := self._host.loaded_model) is None:
            return
        with self.journal.lock:
            mixer, sentence = mute_incompatible(self._mixer, model.check)
            if sentence:
                self.journal.append(
                    ev.ErrorReported(where="mixer", message=sentence, code=str(BadInput.exit_code))
                )
                self.mixer(self.state.mixer.rev + 1, mixer.to_json())

    # conversation ------------------------------------------------------------------------------------------------

    def chat(
        self,
        text: str,
        *,
        role: str = "user",
        parent: int | None = None,
        system: str | None = None,
        prefill: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Add a turn and request an answer; while the model is busy or loading, one prompt may wait. `system`
        and `prefill` take precedence over those in `settings`.
        """
        overrides = {"system": system, "prefill": prefill}
        merged = {
            **(settings or {}),
            **{name: value for name, value in overrides.items() if value is not None},
        }
        check_settings(merged)
        with self.journal.lock:
            self._answers.refuse_if_full()
            parent = self._parent_of_new_turn(parent)
            turn = 1 + max(self.state.turns, default=-1)
            self.journal.append(ev.TurnAdded(turn=turn, parent=parent, role=role, text=text))
            return {"turn": turn, "queued": self._answers.enqueue(WaitingPrompt(turn, merged))}

    def remember(self, text: str, *, role: str = "user", parent: int | None = None) -> dict[str, Any]:
        """Add a turn without generating an answer."""
        with self.journal.lock:
            parent = self._parent_of_new_turn(parent)
            turn = 1 + max(self.state.turns, default=-1)
            self.journal.append(ev.TurnAdded(turn=turn, parent=parent, role=role, text=text))
        return {"turn": turn}

    def regenerate(
        self, *, turn: int | None = None, settings: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Generate another answer to the same turn; with the same settings it is the same answer. A setting
        of None is removed from the first answer's settings.
        """
        check_settings(settings or {})
        with self.journal.lock:
            self._answers.refuse_if_full()
            answer = self._find_turn(self.state.head if turn is None else turn)
            parent = answer.parent if answer.role == "assistant" else answer.id
            both = {**answer.settings, **(settings or {})}
            chosen = {name: value for name, value in both.items() if value is not None}
            return {"queued": self._answers.enqueue(WaitingPrompt(parent, chosen))}

    def cancel(self) -> dict[str, Any]:
        """Stop the answer after the current pass or prefill chunk, and drop the waiting prompt (`dropped`:
        its parent turn).
        """
        with self.journal.lock:
            dropped = self._answers.cancel()
            return {"at": self._answers.current.at if self._answers.current else None, "dropped": dropped}

    def pause(self, paused: bool) -> dict[str, Any]:
        answer = self._current_answer()
        answer.pause(paused)
        return {"at": answer.at}

    def rewind(self, tokens: int) -> dict[str, Any]:
        """Remove the last tokens of the answer; if it has ended, a new answer continues from there."""
        if tokens < 1:
            raise UsageError(f"rewind takes a positive number of tokens, not {tokens}")
        with self.journal.lock:
            if self._answers.current is None:
                return self._continue_from(self._find_turn(self.state.head), tokens)
            self._answers.current.rewind(tokens)
            return {"at": self._answers.current.at}

    def _continue_from(self, answer: Turn, tokens: int) -> dict[str, Any]:
        """Generate a new answer with the kept text as its prefill; the old answer stays."""
        if answer.gen is None:
            raise UsageError("there is no answer to rewind")
        self._answers.refuse_if_full()
        # The text given with the prompt belongs to the answer, though not to its tokens.
        text = answer.given_text + "".join(token.text for token in answer.tokens[:-tokens])
        self._answers.enqueue(WaitingPrompt(answer.parent, {**answer.settings, "prefill": text}))
        return {"at": max(0, len(answer.tokens) - tokens)}

    def inject(self, text: str, *, how: str = "own") -> dict[str, Any]:
        """Insert a distractor before the next token: as `own` words of the model, a `user` turn, or `tool`
        output.
        """
        answer = self._current_answer()
        if how not in ("own", "user", "tool"):
            raise UsageError(f"a distractor comes as own, user or tool, not {how!r}")
        answer.inject(text, how)
        return {"at": answer.at}

    # the mixer ---------------------------------------------------------------------------------------------------

    def mixer(
        self, rev: int, state: Mapping[str, Any], *, words: str = "", source: str = ""
    ) -> dict[str, Any]:
        """Set the mixer, active from token `at` of answer `gen`; it is in the journal when this returns."""
        with self.journal.lock:
            mixer = Mixer.from_json(state, self._vectors.find)
            gen, at, superseded = None, 0, None
            # During an answer the decoder checks the mixer and says at which token it starts.
            if answer := self._answers.current:
                gen = answer.gen
                at, superseded = answer.set(mixer, rev)
            elif self._host.loaded_model:
                self._host.loaded_model.check(mixer)
            self._mixer = mixer
            mixer_json = mixer.to_json()
            words = words or describe_change(self.state.mixer.state, mixer_json)
            if superseded:
                self.journal.append(superseded)
            self.journal.append(
                ev.MixerChanged(
                    rev=rev,
                    state=mixer_json,
                    mix=mix_hash(mixer_json),
                    gen=gen,
                    at=at,
                    words=words,
                    source=source,
                    expression=str(mixer),
                )
            )
            return {"rev": rev, "gen": gen, "at": at}

    def flip_all(self) -> None:
        """Flip every channel, starting at the next token."""
        mixer = self._mixer
        for channel in range(len(mixer.channels)):
            mixer = mixer.flip(channel)
        self.mixer(self.state.mixer.rev + 1, mixer.to_json())

    def load_vector(self, source: str, *, name: str | None = None, force: bool = False) -> dict[str, Any]:
        """Load a vector from a file or the library so that mixers can use it, and keep a copy in the session
        folder. `force` skips the check that it belongs to this model.
        """
        vector = self._host.backend.read_vector(source, self._keep, force=force)
        with self.journal.lock:
            event = self._vectors.add(name or vector.name, vector, source)
            self.journal.append(event)
        return {"name": event.name, "sha256": event.sha256, "layers": list(event.layers)}

    def remove_vector(self, name: str) -> dict[str, Any]:
        with self.journal.lock:
            if any(channel.vector is self._vectors.find(name) for channel in self._mixer.channels):
                raise UsageError(f"{name!r} is on the mixer: remove its channel first")
            self.journal.append(self._vectors.remove(name))
        return {}

    def inherit(self, before: Session) -> None:
        """Take over the vectors and the mixer of the previous session."""
        self._vectors = before._vectors
        for event in self._vectors.events.values():
            if self._keep and before._keep:
                share_vector_copy(event.sha256, before._keep, self._keep)
            self.journal.append(event)
        self.mixer(before.state.mixer.rev, before._mixer.to_json(), words="as before")

    def restore(self) -> None:
        """Reload the vectors of a reopened session from its folder."""
        for error in self._vectors.reload(self.state.vectors, self._host.backend.read_vector, self._keep):
            self.journal.append(
                ev.ErrorReported(where="restore", message=str(error), code=str(error.exit_code))
            )
        recorded = self.state.mixer
        self._mixer = Mixer.from_json(
            without_missing_vectors(recorded.state, self._vectors.find), self._vectors.find
        )
        # Record the mixer only if a channel is missing.
        if len(self._mixer.channels) < len(recorded.state.get("channels", ())):
            self.mixer(recorded.rev + 1, self._mixer.to_json())
        self._mute_incompatible()

    # notes and marks -----------------------------------------------------------------------------------------------

    def note(self, text: str) -> dict[str, Any]:
        self.journal.append(ev.NoteAdded(text=text, **self._position()))
        return {}

    def mark(self, label: str) -> dict[str, Any]:
        self.journal.append(ev.MarkAdded(label=label, **self._position()))
        return {}

    def close(self, reason: str) -> None:
        """Cancel the answer, wait for it to end, and close the journal. The model stays loaded."""
        self.cancel()
        self.tasks.close()
        # Answers run one after the other, so the cancelled one has ended when this empty one has run.
        self._host.run_answer(lambda: None).result()
        self.journal.close(reason)

    # helpers ---------------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """An answer, a model load or a job is running or waiting."""
        return self._answers.busy or self.tasks.running

    def _current_answer(self) -> AnswerRecorder:
        if self._answers.current is None:
            raise UsageError("no answer is being generated")
        return self._answers.current

    def _parent_of_new_turn(self, parent: int | None) -> int | None:
        """The parent of a new turn: the current head by default; `ROOT` starts a new tree."""
        if parent is None:
            return self.state.head
        return None if parent == ROOT else self._find_turn(parent).id

    def _find_turn(self, turn: int | None) -> Turn:
        if turn is None or turn not in self.state.turns:
            raise UsageError("there is no turn to answer" if turn is None else f"there is no turn {turn}")
        return self.state.turns[turn]

    def _record_answer(self, answer: FinishedAnswer) -> None:
        """Record an answer of a job of many, with a copy of each vector that steered it."""
        for channel in answer.mixer.channels:
            if self._keep and not (copy := vector_copy(channel.vector.sha256, self._keep)).exists():
                channel.vector.save(copy)
        with self.journal.lock:
            turns = self.state.turns.values()
            gen = 1 + max((turn.gen for turn in turns if turn.gen is not None), default=-1)
            last = max(self.state.turns, default=-1)
            self.journal.append(answer.to_event(gen, last + 1 + answer.n_messages))

    def _position(self) -> dict[str, Any]:
        answer = self._answers.current
        return {"gen": answer.gen, "at": answer.at} if answer else {}
