"""Prints one answer and nothing else. PROMPT `-` reads stdin.

--prompts FILE answers every prompt of a file: JSON lines with a text, `prompt`
or `messages`, or any file that `contrast` reads. It prints one object per
prompt, with the other fields of its entry. --doses answers each prompt with
every scale of the mixer times each dose, and prints a table. Both generate
--batch answers at once, each the same as alone.

  steertui say "What is rain?"
  steertui say "What is rain?" --vector determined-drifting --doses -2,-1,0,1,2
  steertui say --prompts prompts.jsonl --batch 30 --max-new 80 --json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from core.errors import BadInput, PartlyDone, SteerError, UsageError
from core.mixer.numbers import finite_number
from sessions.journal.codec import JournalRecord, encode
from sessions.live.scheduled_edits import SCRIPT
from sessions.prompt_shapes import read_prompt_shapes
from sessions.promptfile import Prompt, PromptRecord
from sessions.state.answer_settings import DEFAULTS, IN_LANES
from steertui.cli.many_answers import say_many
from steertui.cli.options import answer_flags, flags
from steertui.cli.options.help_format import AlignedText
from steertui.cli.output.answer import AnswerReport
from steertui.cli.output.printing import AnswerPrinter
from steertui.cli.prepared import ChatSetup, answer_settings
from steertui.text import safe_text

INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.formatter_class = AlignedText
    parser.add_argument("prompt", nargs="?", metavar="PROMPT", help="the prompt; - reads stdin")
    many = parser.add_argument_group("many answers")
    many.add_argument("--prompts", type=Path, metavar="FILE", help="a file of prompts instead of one")
    many.add_argument(
        "--doses",
        type=parse_doses,
        metavar="X,Y,…",
        help="every scale times each of these, such as -2,-1,0,1,2",
    )
    many.add_argument(
        "--batch", type=flags.parse_count, metavar="N", help="answers at once, each in a lane (16)"
    )
    many.add_argument("--estimate", action="store_true", help="only estimate the time of many answers")
    flags.add_model(parser)
    answer_flags.add_steering(parser)
    answer_flags.add_decoding(parser, compiled="now")
    flags.add_output(parser)


def parse_doses(text: str) -> tuple[float, ...]:
    """Doses with commas or semicolons between them."""
    return tuple(finite_number("a dose", part) for part in text.replace(";", ",").split(","))


def run(args: argparse.Namespace) -> int:
    # Exactly one of the two has to be given.
    if (args.prompt is None) == (args.prompts is None):
        raise UsageError("say one PROMPT, or give --prompts FILE")
    prompt = _read_stdin() if args.prompt == "-" else args.prompt
    if args.prompts is None and args.doses is None:
        if args.batch is not None or args.estimate:
            raise UsageError("--batch and --estimate are for many answers: give --prompts FILE or --doses")
        return _answer_one(prompt, args)
    # Read before a model is loaded, so that a bad file costs nothing.
    items = read_prompt_shapes(args.prompts) if args.prompts is not None else []
    if alone := _edits_of_one_answer(args):
        return _answer_in_turn(items, args, alone)
    asked = {"prompt": prompt} if args.prompts is None else {"prompts": str(args.prompts.absolute())}
    return _answer_in_lanes(asked, args)


def _edits_of_one_answer(args: argparse.Namespace) -> str:
    """The first option given that lanes cannot have; empty if there is none."""
    given = answer_settings(args)
    strange = sorted(given.keys() - set(IN_LANES))
    named = {SCRIPT: "--flip-at and --inject", "cache": "--cache rebuild"}
    # Some settings are always given, with their default.
    changed = [name for name in strange if name not in DEFAULTS or given[name] != DEFAULTS[name]]
    return named.get(changed[0], f"--{changed[0].replace('_', '-')}") if changed else ""


def _answer_in_lanes(asked: dict[str, Any], args: argparse.Namespace) -> int:
    if args.batch is not None and args.batch < 1:
        raise UsageError("--batch takes at least one answer at once")
    if args.doses is not None and not (args.channels or args.mix):
        raise UsageError(
            "--doses multiply the scales of a mixer: name a vector with --vector, or a mixer with --mix"
        )
    given = {"doses": args.doses, "batch": args.batch, "estimate": args.estimate or None}
    asked |= {name: value for name, value in given.items() if value is not None}
    with _open_setup(args) as setup:
        return say_many(setup, asked, as_json=args.json, as_events=args.jsonl)


def _open_setup(args: argparse.Namespace) -> ChatSetup:
    setup = ChatSetup(args, _print_record) if args.jsonl else ChatSetup(args)
    if setup.template_note:
        print(safe_text(setup.template_note), file=sys.stderr)
    return setup


def _answer_one(prompt: Prompt, args: argparse.Namespace) -> int:
    with _open_setup(args) as setup:
        answer = setup.answer(prompt) if args.json or args.jsonl else _print_answer(setup, prompt)
        setup.print_notes()
    if args.json:
        _print_row(answer.to_json())
    return INTERRUPTED if answer.interrupted else 0


def _print_answer(setup: ChatSetup, prompt: Prompt) -> AnswerReport:
    """Print the answer word by word while it is generated."""
    printer = AnswerPrinter()
    answer = setup.answer(prompt, printer.write)
    printer.end(answer.text)
    return answer


def _answer_in_turn(items: list[PromptRecord], args: argparse.Namespace, option: str) -> int:
    """Answer every prompt by itself, in conversations of one session. A prompt that fails does not stop the others:
    its row holds the error, and the exit code says that something is missing.
    """
    if args.batch is not None or args.doses is not None or args.estimate:
        raise UsageError(
            f"{option} is for one answer at a time: leave it out, or --batch, --doses and --estimate"
        )
    rows: list[dict[str, Any]] = []
    with _open_setup(args) as setup:
        for item in items:
            setup.begin_anew()
            rows.append({"prompt": item.prompt} | item.rest | _try_answer(setup, item.prompt))
            setup.print_notes()
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
