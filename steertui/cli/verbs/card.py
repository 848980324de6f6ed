"""Describes vector files without a model: format, layers, index rule, norms, provenance, warnings."""

from __future__ import annotations

import argparse
import json
import sys

from core.errors import PartlyDone, SteerError
from steertui.text import safe_text
from steertui.vector_args import add_reading_options, card_lines, read_vector


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="vector files, or names in the library")
    add_reading_options(parser)
    parser.add_argument(
        "--json", action="store_true", help="one JSON object: the card, or all of them as cards"
    )


def run(args: argparse.Namespace) -> int:
    """An unreadable file is an error; among several files, the others are still shown."""

    cards, problems = [], []
    for file in args.files:
        try:
            cards.append(read_vector(file, args, allow_undecided=True).card)
        except SteerError as error:
            # With one file the error itself is the result; with several the others are still shown.
            if len(args.files) == 1:
                raise
            problems.append(str(error))
    if args.json:
        told = [card.to_json() for card in cards]
        print(json.dumps(told[0] if len(args.files) == 1 else {"cards": told, "problems": problems}))
    else:
        print("\n\n".join("\n".join(card_lines(card)) for card in cards))
    for problem in problems:
        print(f"steertui: {safe_text(problem)}", file=sys.stderr)
    return PartlyDone.exit_code if problems else 0
