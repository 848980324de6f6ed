"""Options that several verbs share, in groups; `steertui.mixer_options` parses their longer values.

Each option is declared once, so it means the same on every verb.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from core.errors import UsageError
from core.mixer.mixer import SCOPES, UNITS
from core.mixer.numbers import finite_number
from sessions.job_specs.offer import JobParam, JobSpec
from sessions.live.load_options import LOAD_OPTIONS
from sessions.state.answer_settings import DEFAULTS, SETTINGS, SettingSpec
from steertui.durations import parse_on_detach
from steertui.mixer_options import read_cap, read_gain, read_injection, read_pair, read_vector

DEFAULT_MODEL = "demo-instruct"
CHANNELS = (
    ("--vector", read_vector, "VECTOR[:SCALE[@LAYERS]]", "add a vector; repeatable"),
    ("--gain", read_gain, "VECTOR:G[@LAYERS]", "multiply the projection on it; 0 ablates"),
    (
        "--cap",
        read_cap,
        "VECTOR:floor=X,ceiling=Y[@LAYERS]",
        "keep the projection on it within bounds, numbers or percentiles such as p25",
    ),
)
"""Options that describe a channel; they share one list because their order is the mixer's."""
STEERED_WITH = ("cache", "shadow")
"""Settings of the answer whose options stand with those of the vectors."""


def add_offer(parser: argparse.ArgumentParser, offer: JobSpec) -> None:
    """Add the parameters of a job as options; an option that is not given is None."""
    for param in offer.params:
        add_param(parser, param)


def add_param(parser: argparse.ArgumentParser, param: JobParam) -> None:
    if not param.kind.takes_value:
        # A parameter that is on by default has an option that turns it off.
        words = f"do not {param.help}" if param.default else param.help
        parser.add_argument(
            param.option, dest=param.name, action="store_const", const=not param.default, help=words
        )
    elif param.positional:
        parser.add_argument(param.name, metavar=param.name.upper(), help=param.help)
    else:
        # The default is only shown: left out, the option is None, and the job fills it in.
        default = "" if param.default in (None, "") else f" ({param.default})"
        parser.add_argument(
            param.option,
            required=param.required,
            metavar=param.kind.metavar,
            # argparse expands % in help texts.
            help=(param.help + default).replace("%", "%%"),
        )


def offer_params(args: argparse.Namespace, offer: JobSpec) -> dict[str, Any]:
    """The job's parameters from the parsed options, converted and with defaults."""
    return offer.read({param.name: getattr(args, param.name) for param in offer.params})


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


def add_steering(parser: argparse.ArgumentParser) -> None:
    """Add the options for vectors: scale, layers and time."""
    group = parser.add_argument_group("steering")
    for option, read, spelt, words in CHANNELS:
        group.add_argument(option, action="append", dest="channels", type=read, metavar=spelt, help=words)
    group.add_argument(
        "--mix", type=Path, metavar="FILE", help="a saved mixer, before the channels named here"
    )
    group.add_argument("--unit", choices=UNITS, help="what a scale of 1 means (relative)")
    group.add_argument("--split", action="store_true", help="divide the scale over the layers of the band")
    group.add_argument("--scope", choices=SCOPES, default="all", help="which tokens are steered (all)")
    group.add_argument("--flip-at", type=parse_count, metavar="K", help="flip every vector at token K")
    for name in STEERED_WITH:
        add_setting(group, name)
    group.add_argument(
        "--inject", action="append", type=read_injection, metavar="K:TEXT", help="insert text before token K"
    )


def add_decoding(parser: argparse.ArgumentParser, *, compiled: bool | str) -> None:
    """Add the options for prompt and sampling. `compiled` is the value that --compile passes to core."""
    group = parser.add_argument_group("answer")
    for name, spec in SETTINGS.items():
        if spec.option and name not in STEERED_WITH:
            add_setting(group, name, compiled=compiled)


def add_setting(parser: argparse._ActionsContainer, name: str, *, compiled: bool | str = True) -> None:
    """Add the option of one setting of the answer; its value is stored under the setting's name."""
    spec, default = SETTINGS[name], DEFAULTS[name]
    value = _setting_argument(spec, compiled)
    words = f"{spec.help}; repeatable" if value.get("action") == "append" else spec.help
    if "action" not in value:
        value |= {"default": default, "metavar": spec.metavar}
        words += f" ({default:g})" if isinstance(default, int | float) else f" ({default})" if default else ""
    parser.add_argument(spec.option, dest=name, help=words, **value)


def _setting_argument(spec: SettingSpec, compiled: bool | str) -> dict[str, Any]:
    """How argparse reads a setting of this kind; ranges are checked where the answer begins."""
    match spec.kind:
        case "switch":
            return {"action": "store_true"}
        case "compile":
            return {"action": "store_const", "const": compiled}
        case "words" | "pairs":
            read = read_pair if spec.kind == "pairs" else str
            return {"action": "append", "type": read, "metavar": spec.metavar}
        case "choice":
            return {"choices": spec.choices}
        case "text":
            return {}
        case "count" | "positive count" | "seed":
            return {"type": parse_count}
        case _:
            return {"type": parse_number}


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
