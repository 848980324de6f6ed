"""Runs an engine in the foreground: the process that holds the model. The app starts one automatically."""

from __future__ import annotations

import argparse
import json
import logging
from typing import Any

from core.errors import UsageError
from core.secrets import scrub
from steertui import durations, paths


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="main", help="name of the engine and its socket")
    parser.add_argument("--model", help="the model to load at start")
    parser.add_argument("--options", type=_json_object, default={}, metavar="JSON", help="how to load it")
    parser.add_argument(
        "--idle-exit",
        type=durations.parse_duration,
        metavar="TIME",
        help="end after 90s, 30m or 2h without a client",
    )
    parser.add_argument("--no-record", action="store_true", help="write no session")


def run(args: argparse.Namespace) -> int:
    from sessions.live.torch_backend import TorchBackend
    from steertui.engine.process import EngineProcess
    from steertui.engine.sockets import EngineSocket

    logging.basicConfig(level=logging.INFO)
    # Set on the handlers of the root logger, so that the records of libraries are scrubbed as well.
    for handler in logging.getLogger().handlers:
        handler.setFormatter(ScrubbingFormatter("%(asctime)s %(message)s"))
    return EngineProcess(
        EngineSocket(paths.runtime_folder(), args.name),
        TorchBackend(),
        None if args.no_record else paths.sessions_path(),
        args.model,
        args.options,
        args.idle_exit,
    ).run()


class ScrubbingFormatter(logging.Formatter):
    """Removes keys from log lines: a traceback may repeat a server's reply, and that a key."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


def _json_object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise UsageError("--options takes a JSON object")
    return value
