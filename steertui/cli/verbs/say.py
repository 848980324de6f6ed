"""Prints one answer and nothing else. PROMPT `-` reads stdin. `--prompts FILE` answers every line of a
file, each a JSON text or an object with `prompt` or `messages`, and prints one object per line, with the
other fields of its line.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from core.errors import BadInput, PartlyDone, SteerError, UsageError
from sessions.journal.codec import JournalRecord, encode
from sessions.promptfile import Prompt, PromptRecord, read_prompts
from steertui.cli.options import answer_flags, flags
from steertui.cli.output.answer import AnswerReport
from steertui.cli.output.printing import AnswerPrinter
from steertui.cli.prepared import ChatSetup
from steertui.text import safe_text

INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", nargs="?", metavar="PROMPT", help="the prompt; - reads stdin")
    parser.add_argument(
        "--prompts", type=Path, metavar="FILE", help="JSON lines: many prompts instead of one"
    )
    flags.add_model(parser)
    answer_flags.add_steering(parser)
    answer_flags.add_decoding(parser, compiled="now")
    flags.add_output(parser)


def run(args: argparse.Namespace) -> int:
    # Exactly one of the two has to be given.
    if (args.prompt is None) == (args.prompts is None):
        raise UsageError("say one PROMPT, or give --prompts FILE")
    if args.prompts is not None:
        return _answer_all(read_prompts(args.prompts), args)
    prompt = _read_stdin() if args.prompt == "-" else args.prompt
    return _answer_one(prompt, args)


def _open_setup(args: argparse.Namespace) -> ChatSetup:
    setup = ChatSetup(args, _print_record) if args.jsonl else ChatSetup(args)
    if setup.template_note:
        print(safe_text(setup.template_note), file=sys.stderr)
    return setup


def _answer_one(prompt: Prompt, args: argparse.Namespace) -> int:
    with _open_setup(args) as setup:
        answer = setup.answer(prompt) if args.json or args.jsonl else _print_answer(setup, prompt)
    if args.json:
        _print_row(answer.to_json())
    return INTERRUPTED if answer.interrupted else 0


def _print_answer(setup: ChatSetup, prompt: Prompt) -> AnswerReport:
    """Print the answer word by word while it is generated."""
    printer = AnswerPrinter()
    answer = setup.answer(prompt, printer.write)
    printer.end(answer.text)
    return answer


def _answer_all(items: list[PromptRecord], args: argparse.Namespace) -> int:
    """Answer every prompt in a session of its own. A prompt that fails does not stop the others: its row
    holds the error, and the exit code says that something is missing.
    """
    rows: list[dict[str, Any]] = []
    with _open_setup(args) as setup:
        for item in items:
            # The first prompt uses the session that is open already.
            if rows:
                setup.start_session()
            rows.append({"prompt": item.prompt} | item.rest | _try_answer(setup, item.prompt))
            if not args.json and not args.jsonl:
                _print_row(rows[-1])
            if rows[-1].get("stop") == "cancel":
                return INTERRUPTED
    if args.json:
        _print_row({"answers": rows})
    if failed := sum("error" in row for row in rows):
        raise PartlyDone(f"{failed} of {len(items)} prompts failed, see their rows")
    return 0


def _try_answer(setup: ChatSetup, prompt: Prompt) -> dict[str, Any]:
    try:
        return setup.answer(prompt).to_json()
    except SteerError as error:
        return {"error": str(error), "exit_code": error.exit_code}


def _print_record(record: JournalRecord) -> None:
    """Print a record exactly as the journal stores it."""
    print(encode(record).decode("ascii"), end="", flush=True)


def _print_row(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)


def _read_stdin() -> str:
    try:
        # utf-8-sig also removes a byte order mark.
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"stdin is not UTF-8 (byte {error.start})") from None
