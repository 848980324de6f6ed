"""Options of the model, the output and the screen, which most verbs and the app share.

Each option is declared once, so it means the same on every verb.
"""

from __future__ import annotations

import argparse
from typing import Any

from core.errors import UsageError
from core.mixer.numbers import finite_number
from sessions.live.load_options import LOAD_OPTIONS
from steertui.durations import parse_on_detach

DEFAULT_MODEL = "demo-instruct"


def add_model(parser: argparse.ArgumentParser, *, positional: bool = False) -> None:
    """Add the options for the model and how it is loaded."""
    group = parser.add_argument_group("model")
    name = {"nargs": "?", "metavar": "MODEL"} if positional else {}
    group.add_argument(
        "model" if positional else "--model",
        default=DEFAULT_MODEL,
        help=f"demo or fetched model, local folder, GGUF file or Hugging Face id ({DEFAULT_MODEL})",
        **name,  # type: ignore[arg-type]
    )
    for option, spec in LOAD_OPTIONS.items():
        value: dict[str, Any] = {"choices": spec.choices} if spec.choices else {"metavar": spec.metavar}
        value = {"action": "store_true"} if spec.types == (bool,) else value
        group.add_argument("--" + option.replace("_", "-"), help=spec.help, **value)
    group.add_argument(
        "--own", action="store_true", help="use a separate process even if an engine holds the model"
    )


def load_options(args: argparse.Namespace) -> dict[str, Any]:
    """The load options that were given, by their names in `core.load`."""
    said = {name: getattr(args, name) for name in LOAD_OPTIONS}
    return {name: value for name, value in said.items() if value not in (None, False)}


def add_output(parser: argparse.ArgumentParser, *, stream: bool = True) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="one JSON object on stdout")
    if stream:
        group.add_argument(
            "--jsonl", action="store_true", help="events on stdout as they happen, one per line"
        )
    add_recording(group)


def add_recording(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--no-record", action="store_true", help="do not save the session on disk")


def parse_number(text: str) -> float:
    return finite_number("value", text)


def parse_fps(text: str) -> float:
    rate = finite_number("fps", text)
    if not 1 <= rate <= 60:
        raise UsageError("fps must lie between 1 and 60")
    return rate


def add_on_detach(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--on-detach",
        type=parse_on_detach,
        metavar="WHAT",
        help="what an answer does when its screen detaches: continue, stop, or stop after 90s, 30m or 2h (continue)",
    )


def parse_count(text: str) -> int:
    # isdigit alone also accepts superscripts and the digits of other scripts.
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"{text!r} is not a whole number from 0 on")
    return int(text)
