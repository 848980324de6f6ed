"""Ends an engine: its answer stops, its journal is closed, its memory is freed."""

from __future__ import annotations

import argparse
import asyncio
import json

from steertui.engine.client import EngineClient
from steertui.engine.launch import RunningEngine, choose_engine, find_engines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", metavar="NAME", help="which engine, when several run")
    parser.add_argument("--all", action="store_true", help="every engine")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    engines = find_engines() if args.all else [choose_engine(args.name)]
    for engine in engines:
        asyncio.run(stop_engine(engine))
    if args.json:
        print(json.dumps({"stopped": [engine.as_json() for engine in engines]}))
    else:
        print("\n".join(f"stopped {engine.id} (process {engine.pid})" for engine in engines))
    return 0


async def stop_engine(engine: RunningEngine) -> None:
    """Request the shutdown, and wait until the engine has ended."""
    client = await EngineClient.open(engine.path, role="observer", retry=False)
    # Only the writer may shut an engine down.
    await client.ask("take_control")
    await client.ask("shutdown", reason="stopped from the command line")
    # The items end when the engine has closed the connection.
    async for _ in client.items():
        pass
    await client.close()
