"""What a command line asks for, made ready: the model in memory, the mixer on it, the settings in the words of core."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.mixer import Mixer
from steertui.answering import Answer, Event, Hear, Script, follow
from steertui.options import mixer_asked_for, saved_mixer
from steertui.progress import Bar
from steertui.prompts import Prompt

if TYPE_CHECKING:
    from core.conversation import Conversation
    from core.model import Model
    from core.step import Step


class Setup:
    """The model, the mixer and the settings of one command line, ready to answer any number of prompts."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.model = load(args)
        self.force = args.force
        self.mixer = self._mixer(args)
        self.script = Script(args.flip_at, tuple(args.inject or ()))
        self.wording, self.decoding = wording(args), decoding(args)

    @property
    def note(self) -> str:
        """What somebody has to know before they read an answer: whether the model was talked to at all."""
        if self.wording["raw"] or getattr(self.model.tokenizer, "chat_template", None):
            return ""
        return f"{self.model.name} has no chat template: it continues the text (--raw says so too)"

    def _mixer(self, args: argparse.Namespace) -> Mixer:
        saved = saved_mixer(args.mix, self.find, force=args.force) if args.mix else Mixer()
        asked = mixer_asked_for(
            args.channels or (),
            self.find,
            self.model.n_layers,
            unit=args.unit,
            split=args.split,
            scope=args.scope,
        )
        return replace(saved, channels=(*saved.channels, *asked.channels))

    def find(self, name: str) -> Any:
        """A file or a library name; refused where the model cannot be steered with it."""
        import vectors
        from vectors import library

        return vectors.read(library.find(name), model=self.model, force=self.force)

    def answer(self, prompt: Prompt, on_event: Hear[Event] = None, on_step: Hear[Step] = None) -> Answer:
        """One answer to one prompt, with no past."""
        import core

        live = core.stream(self.model, prompt, mixer=self.mixer, **self.wording, **self.decoding)
        return follow(live, self.script, on_event, on_step)

    def reply(self, talk: Conversation, text: str, mixer: Mixer, on_step: Hear[Step] = None) -> Answer:
        """One more turn of a conversation."""
        return follow(talk.say(text, mixer=mixer, **self.decoding), self.script, None, on_step)

    def conversation(self) -> Conversation:
        """The beginning of a talk of many turns."""
        from core.conversation import Conversation

        return Conversation(self.model, **self.wording)


def load(args: argparse.Namespace) -> Model:
    """The model of the command line, with a bar on stderr where somebody is watching."""
    import core

    with Bar() as bar:
        return core.load(
            args.model,
            dtype=args.dtype,
            device=args.device,
            device_map=args.device_map,
            revision=args.revision,
            quant=args.quant,
            adapter=args.adapter,
            layers_path=args.layers_path,
            force=args.force,
            on_progress=bar,
        )


def wording(args: argparse.Namespace) -> dict[str, Any]:
    """How a prompt becomes tokens, in the words of `core.stream` and `core.Conversation`."""
    return {"system": args.system, "raw": args.raw, "template_args": dict(args.template_arg or ())}


def decoding(args: argparse.Namespace) -> dict[str, Any]:
    """How tokens are chosen, in the words of `core.stream`."""
    return {
        "prefill": args.prefill,
        "max_new_tokens": args.max_new,
        "stop": tuple(args.stop or ()),
        "temperature": args.temperature,
        "top_p": args.top_p,
        "top_k": args.top_k,
        "repetition_penalty": args.repetition_penalty,
        "seed": args.seed,
        "cache": args.cache,
        "shadow": args.shadow,
    }
