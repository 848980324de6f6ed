"""Options of an answer: what it is steered with, and how its tokens are chosen.

`steertui.mixer_options` parses the longer values.
"""

from __future__ import annotations

import argparse
from typing import Any

from core.mixer.mixer import SCOPES, UNITS
from sessions.job_specs.kinds.words import read_pair
from sessions.state.answer_settings import DEFAULTS, SETTINGS, SettingSpec
from steertui.cli.options.flags import parse_count, parse_number
from steertui.mixer_options import read_cap, read_gain, read_injection, read_vector

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


def add_steering(parser: argparse.ArgumentParser) -> None:
    """Add the options for vectors: scale, layers and time."""
    group = parser.add_argument_group("steering")
    for option, read, spelt, words in CHANNELS:
        group.add_argument(option, action="append", dest="channels", type=read, metavar=spelt, help=words)
    group.add_argument(
        "--mix",
        metavar="MIX",
        help='a mixer, before the channels named here: a line such as "0.5 pirate@3-8 [split]", a saved '
        "mixer's name or file, or desk: what stands at the desk of the engine that holds the model",
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
