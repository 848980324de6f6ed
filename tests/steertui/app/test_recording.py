"""A disk that fills up in the middle of an answer: the desk says so at once, and what is missing once there is room."""

from __future__ import annotations

import pytest

from sessions.journal import events as ev
from sessions.journal.folder import all_folders
from sessions.journal.reader import read
from steertui import paths
from tests.disks import files_no_larger_than
from tests.steertui import scripted_engine
from tests.steertui.app.stage import desk_at
from tests.steertui.scripted_engine import Studio

pytestmark = pytest.mark.anyio


async def test_a_full_disk_is_said_at_once_and_its_gap_when_there_is_room_again() -> None:
    studio = Studio()
    studio.loaded.set()
    with scripted_engine.engine(studio, record=True) as engine:
        async with desk_at(engine.path, studio, size=(140, 40)) as at:
            await at.ask("hello there")
            await at.play(2)
            await at.sees("● REC")
            with files_no_larger_than(1):
                await at.play(3)
                await at.sees("○ REC PAUSED", "recording paused: File too large")
            await at.play(3)
            await at.sees("● REC, ", " events lost", "recorded again: ")
            assert len(at.pieces) == 8
    (folder,) = all_folders(paths.sessions_folder())
    reading = read(folder.journal)
    assert [
        record.event.reason for record in reading.records if isinstance(record.event, ev.RecordingGap)
    ] == ["File too large"]
    assert reading.damage_words() == ""
