"""Converts a vector file without losing precision; reports what the new format cannot hold."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from core.errors import UsageError
from steertui.text import safe_text
from steertui.vector_args import add_reading_options, card_lines, read_vector


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="IN", help="vector file, or a name in the library")
    parser.add_argument("target", metavar="OUT", help="file to write; its suffix chooses the format")
    parser.add_argument(
        "--to", metavar="FORMAT", help="native, gguf, gguf-llamacpp, pt-dict, persona, axis, svec"
    )
    parser.add_argument("--unit", action="store_true", help="write rows of length one instead of their own")
    add_reading_options(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object with the cards as in and out")


def run(args: argparse.Namespace) -> int:
    """Convert, then read the written file back for its card."""
    from vectors.library import library
    from vectors.vector_file import read_card

    for source in filter(None, (args.source, args.minus)):
        _refuse_input(library.find(source), Path(args.target))
    vector = read_vector(args.source, args)
    losses = (vector.renormalise() if args.unit else vector).save(args.target, args.to)
    before = vector.card
    after = read_card(args.target, n_layers=vector.about.n_layers)
    if args.json:
        print(json.dumps({"in": before.to_json(), "out": after.to_json(), "losses": list(losses)}))
    else:
        print("\n".join(card_lines(after)))
    for loss in losses:
        print(f"steertui: {safe_text(loss)}", file=sys.stderr)
    return 0


def _refuse_input(source: Path, target: Path) -> None:
    """Raise if the file to write is one that was read, also through a link."""
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError(f"{safe_text(str(target))} is read here: write to another file")
