"""What a command line asks for, made ready: the model in memory, the mixer on it, settings and script."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from core.errors import UsageError
from core.mixer import Mixer
from core.promptfile import Prompt
from sessions import events as ev
from sessions.state import Turn
from steertui import flags
from steertui.acting import Company, Player, Script
from steertui.answering import CHANGES, Answer
from steertui.booth import Booth, Heard, OnRecord
from steertui.options import mixer_asked_for, saved_mixer


class Setup:
    """Ready to answer any number of prompts, in one session after the other."""

    def __init__(self, args: argparse.Namespace, on_record: OnRecord | None = None) -> None:
        self._args = args
        self._parent: int | None = None
        self.mixer, self.settings = Mixer(), settings(args)
        self._company = Company(force=args.force)
        self.booth = Booth(self._company, record=not args.no_record, on_record=on_record)
        try:
            self.booth.load(args.model, flags.loading(args))
            script = Script(args.flip_at, tuple(args.inject or ()))
            self.player.act = lambda index: script.perform(index, self.player.live.mixer, self.booth.do)
            self.turn(self._asked_for())
        except KeyboardInterrupt:
            self.booth.sweep()  # a load cannot be cancelled, and who presses Ctrl-C will not wait for its end
            raise
        except BaseException:
            self.booth.close("failed")
            raise

    def __enter__(self) -> Setup:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.booth.close("done" if error is None else "failed")

    @property
    def player(self) -> Player:
        return self._company.player

    @property
    def note(self) -> str:
        """What somebody has to know before they read an answer: whether the model was talked to at all."""
        if self.settings.get("raw") or self.player.facts["chat_template"]:
            return ""
        return f"{self.player.model.name} has no chat template: it continues the text (--raw says so too)"

    @property
    def said(self) -> tuple[Turn, ...]:
        """The talk so far, without what was taken back."""
        return self.booth.state.path(self._parent)

    def find(self, source: str) -> Any:
        """A vector by file or library name, from now on one that the session knows."""
        self.booth.do("vector.load", source=source)
        return self._company.vectors[source]

    def turn(self, mixer: Mixer, words: str = "") -> None:
        """New dials, if they can be played; what cannot is refused here, not in the middle of an answer."""
        if mixer != self.mixer:
            self.booth.do("mixer", state=mixer.to_json(), words=words)
            self.mixer = mixer

    def answer(self, prompt: Prompt, hear: Callable[[Any], None] | None = None) -> Answer:
        """One more answer of this session; `hear` gets its steps as they come."""
        *past, last = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        for message in past:
            self.booth.remember(message["role"], message["content"])
        parent, self._parent = self._parent, None
        changes: list[ev.Event] = []
        seconds: list[float] = []
        for event in self.booth.ask(last["content"], last["role"], parent, self.settings):
            if isinstance(event, Heard):
                seconds.append(event.when)
                if hear:
                    hear(event.step)
            elif isinstance(event, CHANGES) and event.gen is not None:
                changes.append(event)
        self.mixer = self.player.live.mixer
        return Answer(self.player.live, self.booth.name, changes, seconds)

    def undo(self) -> None:
        """Takes the last question and its answer back; the record keeps both, the talk goes on before them."""
        path = self.said
        if len(path) < 2:
            raise UsageError("there is no turn to take back")
        if len(path) == 2:
            self.fresh()
        else:
            self._parent = path[-3].id

    def fresh(self) -> None:
        """Another session with the same model, vectors and mixer; the present one ends."""
        self.booth.do("session.new")
        self._parent = None

    def _asked_for(self) -> Mixer:
        args = self._args
        saved = saved_mixer(args.mix, self.find, force=args.force) if args.mix else Mixer()
        asked = mixer_asked_for(
            args.channels or (),
            self.find,
            self.player.model.n_layers,
            unit=args.unit,
            split=args.split,
            scope=args.scope,
        )
        return replace(saved, channels=(*saved.channels, *asked.channels))


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """How a prompt becomes tokens and how the next one is chosen, in the words of `core`; what is empty is left out."""
    said = {
        "system": args.system,
        "raw": args.raw,
        "template_args": dict(args.template_arg or ()),
        "prefill": args.prefill,
        "max_new_tokens": args.max_new,
        "stop": list(args.stop or ()),
        "temperature": args.temperature,
        "top_p": args.top_p,
        "top_k": args.top_k,
        "repetition_penalty": args.repetition_penalty,
        "seed": args.seed,
        "cache": args.cache,
        "shadow": args.shadow,
        "compile": args.compile,
    }
    return {
        name: value for name, value in said.items() if value is not False and value not in (None, "", [], {})
    }
