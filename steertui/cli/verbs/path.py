"""Prints steertui's folders: one per line, or the one that is named."""

from __future__ import annotations

import argparse
import json

from steertui import paths


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("which", nargs="?", choices=paths.FOLDERS, help="print only this one, for scripts")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    names = [args.which] if args.which else list(paths.FOLDERS)
    found = {name: str(paths.FOLDERS[name]()) for name in names}
    if args.json:
        print(json.dumps(found))
    elif args.which:
        print(found[args.which])
    else:
        print("\n".join(f"{name:<9} {path}" for name, path in found.items()))
    return 0
