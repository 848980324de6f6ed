"""Checks a vector on a model in about a minute: does it do anything, on which layers, and at which doses?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import Any

from steertui import flags
from steertui.progress import Bar
from steertui.text import safe_text
from steertui.verdict import told
from steertui.working import done


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("vector", metavar="VECTOR", help="a vector file, or a name in the library")
    parser.add_argument("--contrast", metavar="SET", help="pairs to measure it on: a built-in set or a file")
    parser.add_argument(
        "--layers", metavar="LAYERS", help="dose these layers (the card's, else the best ones)"
    )
    parser.add_argument("--max-new", type=flags.count, default=24, metavar="N", help="tokens per text (24)")
    parser.add_argument("--seed", type=flags.count, default=0)
    flags.add_model(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object: the whole report")


def run(args: argparse.Namespace) -> int:
    """The verdict is the result: red is an answer, not a failure."""
    report = measure(args)
    if args.json:
        print(json.dumps(report))
    else:
        print("\n".join(map(safe_text, told(report))))
    return 0


def measure(args: argparse.Namespace) -> Mapping[str, Any]:
    from core import load
    from vectors.check import job

    params = {name: getattr(args, name) for name in ("vector", "contrast", "layers", "max_new", "seed")}
    with Bar() as bar:
        model = load(args.model, on_progress=bar, **flags.loading(args))
        return done(job(model, params), bar)
