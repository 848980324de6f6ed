"""Lists the running engines: their model, state and session."""

from __future__ import annotations

import argparse
import json

from steertui.engine.launch import RunningEngine, find_engines
from steertui.text import safe_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    engines = find_engines()
    if args.json:
        print(json.dumps({"engines": [engine.as_json() for engine in engines]}))
    elif not engines:
        print("no engine is running")
    else:
        print("\n".join(_engine_line(engine) for engine in engines))
    return 0


def _engine_line(engine: RunningEngine) -> str:
    model = safe_text(engine.model or "no model")
    return f"{engine.id:<10} {engine.pid:>8}  {engine.state:<10} {model:<30} {engine.session}"
