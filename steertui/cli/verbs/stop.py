"""Ends an engine: what it says is stopped, its journal closed, its memory freed."""

from __future__ import annotations

import argparse
import asyncio
import json

from steertui.engine.client import Client
from steertui.engine.launch import Found, choose, find


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="which engine, when several run")
    parser.add_argument("--all", action="store_true", help="every engine")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace) -> int:
    engines = find() if args.all else [choose(args.name)]
    for engine in engines:
        asyncio.run(stop(engine))
    if args.json:
        print(json.dumps({"stopped": [engine.as_json() for engine in engines]}))
    else:
        print("\n".join(f"stopped {engine.id} (process {engine.pid})" for engine in engines))
    return 0


async def stop(engine: Found) -> None:
    """Asks, and waits until it is gone."""
    client = await Client.open(engine.path, role="observer", retry=False)
    await client.ask("take_control")
    await client.ask("shutdown", reason="stopped from the command line")
    async for _ in client.items():
        pass
    await client.close()
