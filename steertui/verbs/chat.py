"""Talk to a model in a plain terminal loop. A line that begins with a slash turns a dial; /help lists them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from core.errors import SteerError
from steertui import flags
from steertui.printing import Printer
from steertui.setup import Setup
from steertui.slash import Talk, obey
from steertui.text import safe_text

GREETING = "steertui chat on {name}; /help lists what can be changed, /quit leaves"
PROMPT = "> "
LEAVE = ("/quit", "/exit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    flags.add_model(parser, positional=True)
    flags.add_steering(parser)
    flags.add_decoding(parser)
    flags.add_output(parser, stream=False)


def run(args: argparse.Namespace) -> int:
    setup = Setup(args)
    talk = Talk(setup, setup.conversation(), setup.mixer)
    _tell("\n".join(filter(None, [GREETING.format(name=setup.model.name), setup.note])))
    answers: list[dict[str, Any]] = []
    for line in _lines():
        try:
            if line.startswith("/"):
                _tell(obey(talk, line))
            else:
                answers.append(_answer(talk, line, aloud=not args.json))
        except SteerError as error:
            _tell(f"! {error}")
    if args.json:
        print(json.dumps({"messages": talk.conversation.messages, "answers": answers}))
    return 0


def _answer(talk: Talk, line: str, *, aloud: bool) -> dict[str, Any]:
    """One turn; ctrl+c ends it after the token under way and leaves the conversation where it stands."""
    printer = Printer()
    answer = talk.setup.reply(
        talk.conversation, line, talk.mixer, (lambda step: printer.write(step.text)) if aloud else None
    )
    if aloud:
        printer.end(answer.live.text)
    talk.mixer = answer.live.mixer
    return answer.to_json()


def _lines() -> Iterator[str]:
    """What is typed or piped in, until it ends or somebody leaves."""
    with suppress(ImportError):
        import readline  # noqa: F401 - line editing and history for input()
    prompt = PROMPT if sys.stdin.isatty() and sys.stdout.isatty() else ""
    while True:
        try:
            line = input(prompt).strip()
        except EOFError:
            return
        if line in LEAVE:
            return
        if line:
            yield line


def _tell(words: str) -> None:
    """Everything that is not the model's goes to stderr."""
    print(safe_text(words, multiline=True), file=sys.stderr)
