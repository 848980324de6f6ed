"""Talks to a model in a plain terminal loop. A line that begins with a slash is a command; /help lists
them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from core.errors import SteerError
from sessions.state.messages import chat_messages
from steertui.cli.chat_commands import run_command
from steertui.cli.options import answer_flags, flags
from steertui.cli.output.printing import AnswerPrinter
from steertui.cli.prepared import ChatSetup
from steertui.text import safe_text

GREETING = "steertui chat on {name}; /help lists what can be changed, /quit leaves"
PROMPT = "> "
LEAVE = ("/quit", "/exit")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    flags.add_model(parser, positional=True)
    answer_flags.add_steering(parser)
    answer_flags.add_decoding(parser, compiled=True)
    flags.add_output(parser, stream=False)


def run(args: argparse.Namespace) -> int:
    with ChatSetup(args) as setup:
        _print_note(GREETING.format(name=setup.facts["name"]))
        if setup.template_note:
            _print_note(setup.template_note)
        answers = [
            answer for line in _read_lines() if (answer := _handle_line(setup, line, aloud=not args.json))
        ]
        if args.json:
            print(json.dumps({"messages": _conversation_messages(setup), "answers": answers}))
    return 0


def _handle_line(setup: ChatSetup, line: str, *, aloud: bool) -> dict[str, Any] | None:
    """Handle one line, a command or a prompt; an error is printed and the conversation continues."""
    try:
        if not line.startswith("/"):
            return _answer(setup, line, aloud=aloud)
        _print_note(run_command(setup, line))
    except SteerError as error:
        _print_note(f"! {error}")
    return None


def _answer(setup: ChatSetup, line: str, *, aloud: bool) -> dict[str, Any]:
    """One turn; ctrl+c ends it after the current token and keeps the conversation up to there."""
    printer = AnswerPrinter()
    answer = setup.answer(line, printer.write) if aloud else setup.answer(line)
    if aloud:
        printer.end(answer.text)
    # Not while the text is printed: a note would stand in the middle of a line.
    setup.print_notes()
    return answer.to_json()


def _conversation_messages(setup: ChatSetup) -> list[dict[str, str]]:
    system = setup.settings.get("system")
    return [*([{"role": "system", "content": system}] if system else []), *chat_messages(setup.turns)]


def _read_lines() -> Iterator[str]:
    """The typed or piped lines, until the input ends or /quit."""
    with suppress(ImportError):
        import readline  # noqa: F401 - line editing and history for input()
    # Piped input needs no prompt, and piped output must not contain one.
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


def _print_note(words: str) -> None:
    """Print to stderr: stdout is for the model's text only."""
    print(safe_text(words, multiline=True), file=sys.stderr)
