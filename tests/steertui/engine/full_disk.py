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
from sessions.journal.codec import JournalRecord
from sessions.state.state import SessionState
from steertui import paths
from steertui.engine.client import EngineClient
from steertui.engine.inline import InlineEngine
from steertui.engine.process import EngineProcess
from steertui.engine.sockets import EngineSocket
from tests.sessions.scripted import Studio


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    filler = folder / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1024)):
            pass
    return filler


def tokens(state: SessionState) -> int:
    return sum(len(turn.tokens) for turn in state.turns.values())


async def watched(path: Path) -> dict[str, Any]:
    """What a client sees while the disk is full and after."""
    client = await EngineClient.open(path)
    seen: list[JournalRecord] = []
    marks: dict[str, Any] = {}
    async for item in client.items():
        if not isinstance(item, JournalRecord):
            continue
        seen.append(item)
        if isinstance(item.event, ev.ModelChanged) and item.event.state == "ready":
            client.send_command("chat", text="go", settings={"max_new_tokens": 100_000})
        elif "filler" not in marks and tokens(client.state) > 20:
            marks["filler"] = fill(paths.sessions_folder())
        elif "paused" not in marks and client.state.unrecorded:
            marks["paused"] = tokens(client.state)
            marks["said"] = client.state.unrecorded
        elif "filler" in marks and "paused" in marks and tokens(client.state) > marks["paused"] + 60:
            marks["filler"].unlink(missing_ok=True)
            if isinstance(item.event, ev.RecordingGap):
                client.send_command("cancel")
            if client.state.turns and [*client.state.turns.values()][-1].stop:
                break
    told = {"heard": [record.n for record in seen], "tokens": tokens(client.state)}
    told |= {"said": marks["said"], "paused": marks["paused"], "lost": client.state.lost}
    await client.close()
    return told


def main(out: Path) -> None:
    engine = EngineProcess(
        EngineSocket(paths.runtime_folder(), "full"), Studio(pace=0.002), paths.sessions_folder(), "scripted"
    )
    with InlineEngine(engine) as running:
        told = asyncio.run(watched(running.path))
        folder = running.engine.sessions
    (out / "told.json").write_text(json.dumps(told))
    assert folder
    shutil.copytree(folder, out / "sessions")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
