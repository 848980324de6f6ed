"""Reports what steertui finds on this machine: versions, devices, folders, accounts and the terminal."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from rich.console import Console

from steertui.cli.diagnosis import collect_diagnosis
from steertui.terminal import abilities
from steertui.text import safe_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    """The exit code is 0 even if there are problems: they are part of the report."""
    report = collect_diagnosis()
    if args.json:
        print(json.dumps(report))
        return 0
    problems = report.pop("problems")
    for title, section in report.items():
        print(title)
        for name, value in section.items():
            print(f"  {name:<18} {safe_text(_value_text(value))}")
    # Colours can only be judged on a terminal.
    if sys.stdout.isatty():
        Console().print("  heat scale        ", abilities.heat_gradient())
    print("\n".join(safe_text(f"! {problem}") for problem in problems) or "no problems found")
    return 0


def _value_text(value: Any) -> str:
    """A value as readable text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(_value_text, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value_text(part)}" for name, part in value.items())
    return "–" if value is None else str(value)
