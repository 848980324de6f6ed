"""Lists the models that open without a download: the demo models and the Hugging Face cache."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from core.byte_sizes import format_bytes
from steertui.catalogue import ModelEntry, list_models
from steertui.text import safe_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    entries = list_models()
    if args.json:
        print(json.dumps({"models": [asdict(entry) | {"folder": str(entry.folder)} for entry in entries]}))
    else:
        width = max((len(entry.name) for entry in entries), default=0)
        print(
            "\n".join(_model_line(entry, width) for entry in entries)
            or "no models: not even the demo is installed"
        )
    return 0


def _model_line(entry: ModelEntry, width: int) -> str:
    size = f"{format_bytes(entry.weight_bytes):>9}"
    shape = f"{entry.layers} layers × {entry.hidden_size}" if entry.layers else ""
    return safe_text(f"{entry.name:<{width}}  {entry.kind:<6} {size}  {entry.problem or shape}").rstrip()
