"""Prints one answer and nothing else. PROMPT `-` reads stdin. `--prompts FILE` answers every line of a file, each a
JSON text or an object with `prompt` or `messages`, and prints one object per line, with whatever else its line held."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import BadInput, PartlyDone, SteerError, UsageError
from steertui import flags
from steertui.answering import Answer
from steertui.printing import Printer
from steertui.prompts import Item, Prompt, read_prompts
from steertui.setup import Setup
from steertui.text import safe_text

INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompt", nargs="?", metavar="PROMPT", help="what to say to the model; - reads stdin")
    parser.add_argument(
        "--prompts", type=Path, metavar="FILE", help="JSON lines: many prompts instead of one"
    )
    flags.add_model(parser)
    flags.add_steering(parser)
    flags.add_decoding(parser)
    flags.add_output(parser)


def run(args: argparse.Namespace) -> int:
    if (args.prompt is None) == (args.prompts is None):
        raise UsageError("say one PROMPT, or give --prompts FILE")
    if args.prompts is not None:
        return _say_all(read_prompts(args.prompts), args)
    prompt = _stdin() if args.prompt == "-" else args.prompt
    return _say_one(prompt, args)


def _setup(args: argparse.Namespace) -> Setup:
    setup = Setup(args)
    if setup.note:
        print(safe_text(setup.note), file=sys.stderr)
    return setup


def _say_one(prompt: Prompt, args: argparse.Namespace) -> int:
    setup = _setup(args)
    if args.jsonl:
        answer = setup.answer(prompt, on_event=_print_row, on_step=lambda step: _print_row(_token(step)))
        _print_row({"t": "stop"} | answer.to_json())
    elif args.json:
        answer = setup.answer(prompt)
        _print_row(answer.to_json())
    else:
        answer = _spoken(setup, prompt)
    return INTERRUPTED if answer.interrupted else 0


def _spoken(setup: Setup, prompt: Prompt) -> Answer:
    """Word by word, as it comes."""
    printer = Printer()
    answer = setup.answer(prompt, on_step=lambda step: printer.write(step.text))
    printer.end(answer.live.text)
    return answer


def _say_all(items: list[Item], args: argparse.Namespace) -> int:
    """A prompt that fails does not stop the others: its row says why, and the exit code that something is missing."""
    setup = _setup(args)
    rows: list[dict[str, Any]] = []
    emit: Callable[[dict[str, Any]], None] = rows.append if args.json else _print_row
    failed = 0
    for item in items:
        given = {"prompt": item.prompt} | item.rest
        try:
            answer = setup.answer(item.prompt)
        except SteerError as error:
            failed += 1
            emit(given | {"error": str(error), "exit_code": error.exit_code})
            continue
        emit(given | answer.to_json())
        if answer.interrupted:
            return INTERRUPTED
    if args.json:
        _print_row({"answers": rows})
    if failed:
        raise PartlyDone(f"{failed} of {len(items)} prompts failed, see their rows")
    return 0


def _token(step: Any) -> dict[str, Any]:
    return {"t": "tok", "i": step.index, "ids": [step.token_id], "text": [step.text], "lp": [step.logprob]}


def _print_row(row: dict[str, Any]) -> None:
    print(json.dumps(row), flush=True)


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"stdin is not UTF-8 (byte {error.start})") from None
