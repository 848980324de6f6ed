"""Prepares what a command line asks for: loads the model, applies the mixer, reads settings and scheduled
edits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any

from core.errors import UsageError
from core.mixer.mixer import Mixer
from core.secrets import holds_secret
from sessions.journal import events as ev
from sessions.live.scheduled_edits import SCRIPT, ScheduledEdits
from sessions.promptfile import Prompt
from sessions.state.answer_settings import SETTINGS
from sessions.state.state import ROOT, SessionState, Turn
from sessions.state.vector_facts import VectorFacts, rebuild_mixer
from steertui.cli.backend import OnRecord, open_backend, print_note
from steertui.cli.conversation import CommandConversation
from steertui.cli.options import flags
from steertui.cli.options.mix_option import find_mixer
from steertui.cli.output.answer import CHANGES, AnswerReport
from steertui.cli.run_job import absolute_if_exists
from steertui.mixer_options import build_mixer, check_channels
from steertui.promptlog import KEY_SAID


class ChatSetup:
    """A loaded model with mixer and settings that answers any number of prompts."""

    def __init__(self, args: argparse.Namespace, on_record: OnRecord = lambda record: None) -> None:
        self._args = args
        self._parent: int | None = None
        self._notes: list[str] = []
        self.mixer, self.settings = Mixer(), answer_settings(args)
        check_channels(args.channels or ())
        self._named_mixer = find_mixer(args.mix, args.model, flags.load_options(args)) if args.mix else None
        self._place = open_backend(args, args.model, on_record)
        try:
            self.conversation = CommandConversation(self._place, args.model, flags.load_options(args))
            self._asked_mixer = self._requested_mixer()
            self.set_mixer(self._asked_mixer)
        except KeyboardInterrupt:
            # A model load cannot be cancelled, so ctrl+c does not wait for it.
            self._place.abandon()
            raise
        except BaseException:
            self._place.close("failed")
            raise

    def __enter__(self) -> ChatSetup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._place.close("done" if error is None else "failed")

    @property
    def state(self) -> SessionState:
        return self.conversation.state

    @property
    def facts(self) -> Any:
        """The facts of the loaded model."""
        assert self.state.model is not None
        return self.state.model.facts

    @property
    def n_layers(self) -> int:
        return int(self.facts["n_layers"])

    @property
    def residual_norms(self) -> dict[int, float]:
        return {int(layer): norm for layer, norm in self.facts["residual_norms"].items()}

    @property
    def template_note(self) -> str:
        """A warning if the model has no chat template, else empty."""
        if self.settings.get("raw") or self.facts["chat_template"]:
            return ""
        return f"{self.facts['name']} has no chat template: it continues the text (--raw says so too)"

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns of the current conversation, without undone ones."""
        return self.state.path(self._parent)

    def load_vector(self, source: str) -> Any:
        """Load a vector by file or library name into the session."""
        found = self.conversation.do("vector.load", source=absolute_if_exists(source), force=self._args.force)
        return VectorFacts.from_event(self.state.vectors[found["name"]])

    def set_mixer(self, mixer: Mixer, words: str = "") -> None:
        """Set another mixer; raises now, not during an answer, if the model cannot use it."""
        if mixer != self.mixer:
            self.conversation.do("mixer", state=mixer.to_json(), words=words)
            self.mixer = mixer

    def answer(self, prompt: Prompt, hear: Callable[[str], None] = lambda text: None) -> AnswerReport:
        """Generate one more answer; `hear` gets its text piece by piece."""
        *past, last = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        if prompt != getattr(self._args, "prompt", None) and holds_secret(last["content"]):
            print_note(KEY_SAID)
        # Only for this message: the next one follows the head again.
        parent, self._parent = self._parent, None
        # Earlier messages only become part of the conversation; the last one is answered.
        for message in past:
            self.conversation.do("remember", text=message["content"], role=message["role"], parent=parent)
            parent = None
        changes: list[ev.Event] = []
        heard = 0
        stop: ev.AnswerStopped | None = None
        for event in self.conversation.stream_answer(last["content"], last["role"], parent, self.settings):
            # After a rewind positions repeat; text that was passed on cannot be taken back.
            if isinstance(event, ev.TokensGenerated) and event.lane == 0 and event.i >= heard:
                heard = event.i + len(event.ids)
                hear("".join(event.text))
            elif isinstance(event, CHANGES) and event.gen is not None:
                changes.append(event)
            elif isinstance(event, ev.NoteAdded):
                self._notes.append(event.text)
            elif isinstance(event, ev.AnswerStopped):
                stop = event
        assert stop is not None
        # Scheduled edits may have changed the mixer during the answer.
        self.mixer = rebuild_mixer(self.state.mixer.state, self.state.vectors, self.n_layers)
        return AnswerReport.of(self.state, stop, changes)

    def print_notes(self) -> None:
        """Print what was noted since the last call, such as what became of a compiled step."""
        notes, self._notes = self._notes, []
        for words in notes:
            print_note(words)

    def stream_answers(self, asked: Mapping[str, Any]) -> Iterator[ev.Event]:
        """Answer many prompts with this mixer and these settings, as a job; yields its events to the end."""
        steering = {
            "mixer": self.mixer.to_json(),
            "sources": {each.sha256: each.source for each in self.state.vectors.values()},
            "force": bool(self._args.force),
        }
        yield from self.conversation.stream_job(
            "answers", {**asked, **(steering if self.mixer.channels else {}), "settings": self.settings}
        )

    def undo(self) -> None:
        """Remove the last question and its answer from the conversation; the record keeps both."""
        path = self.turns
        if len(path) < 2:
            raise UsageError("there is no turn to take back")
        if len(path) == 2:
            self.start_session()
        else:
            # The last two turns are the question and its answer.
            self._parent = path[-3].id

    def start_session(self) -> None:
        """Start another session with the same model, vectors and mixer."""
        self.conversation.do("session.new")
        self._parent = None

    def begin_anew(self) -> None:
        """The next message starts another conversation in the same session, under the mixer asked for."""
        self._parent = ROOT
        # Edits of the last answer, such as a flip, end with it.
        self.set_mixer(self._asked_mixer)

    def _requested_mixer(self) -> Mixer:
        args = self._args
        named = self._named_mixer
        saved = named(self.load_vector, force=args.force) if named else Mixer()
        asked = build_mixer(
            args.channels or (),
            self.load_vector,
            self.n_layers,
            unit=args.unit,
            split=args.split,
            scope=args.scope,
        )
        return replace(saved, channels=(*saved.channels, *asked.channels))


def answer_settings(args: argparse.Namespace) -> dict[str, Any]:
    """The settings of the answers by their names in `core`; empty ones are left out."""
    given = {name: getattr(args, name) for name, spec in SETTINGS.items() if spec.option}
    given["template_args"] = dict(given["template_args"] or ())
    given[SCRIPT] = ScheduledEdits(args.flip_at, tuple(args.inject or ())).to_json()
    # `is not`, because 0 equals False but is a setting.
    return {
        name: value for name, value in given.items() if value is not False and value not in (None, "", [], {})
    }
