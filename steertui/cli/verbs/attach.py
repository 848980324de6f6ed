"""Opens the app on a running engine: on this machine, or behind a socket forwarded with `ssh -L`."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path

from core.errors import EngineUnavailable, UsageError
from steertui.cli.options import flags
from steertui.engine.launch import choose_engine, probe_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="which engine, when several run")
    flags.add_on_detach(parser)
    parser.add_argument("--socket", type=Path, metavar="PATH", help="a socket, for example a forwarded one")


def run(args: argparse.Namespace) -> int:
    path = args.socket or choose_engine(args.name).path
    # Probed before the screen opens, so that the error appears in the shell.
    if args.socket and probe_engine(path) is None:
        raise EngineUnavailable(f"no engine answers at {path}")
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise UsageError("the app needs a terminal, and this is not one: `steertui ls --json` lists engines")
    said = {"on_detach": args.on_detach} if args.on_detach else {}
    return int(import_module("steertui.app").run(socket=path, **said))
