"""One answer whose disk fills up in its middle and has room again: `python -m tests.steertui.engine.full_disk OUT`.

The sessions folder stands on a small disk that only this process sees; what a client saw, and the session's folder, are
left in OUT.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from sessions.journal import events as ev
from sessions.journal.codec import Record
from sessions.state.state import State
from steertui import paths
from steertui.engine.client import Client
from steertui.engine.inline import Inline
from steertui.engine.process import Engine
from steertui.engine.sockets import Door
from tests.sessions.scripted import Studio


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1024)):
            pass
    return filler


def tokens(state: State) -> int:
    return sum(len(turn.tokens) for turn in state.turns.values())


async def watched(path: Path) -> dict[str, Any]:
    """What a client sees while the disk is full and after."""
    client = await Client.open(path)
    seen: list[Record] = []
    marks: dict[str, Any] = {}
    async for item in client.items():
        if not isinstance(item, Record):
            continue
        seen.append(item)
        if isinstance(item.event, ev.Model) and item.event.state == "ready":
            client.tell("chat", text="go", settings={"max_new_tokens": 100_000})
        elif "filler" not in marks and tokens(client.state) > 20:
            marks["filler"] = fill(paths.sessions())
        elif "paused" not in marks and client.state.unrecorded:
            marks["paused"] = tokens(client.state)
            marks["said"] = client.state.unrecorded
        elif "filler" in marks and "paused" in marks and tokens(client.state) > marks["paused"] + 60:
            marks["filler"].unlink(missing_ok=True)
            if isinstance(item.event, ev.Gap):
                client.tell("cancel")
            if client.state.turns and [*client.state.turns.values()][-1].stop:
                break
    told = {"heard": [record.n for record in seen], "tokens": tokens(client.state)}
    told |= {"said": marks["said"], "paused": marks["paused"], "lost": client.state.lost}
    await client.close()
    return told


def main(out: Path) -> None:
    engine = Engine(Door(paths.runtime(), "full"), Studio(pace=0.002), paths.sessions(), "scripted")
    with Inline(engine) as running:
        told = asyncio.run(watched(running.path))
        folder = running.engine.sessions
    (out / "told.json").write_text(json.dumps(told))
    assert folder
    shutil.copytree(folder, out / "sessions")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
