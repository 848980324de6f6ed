"""A real full disk below a real engine: the answer goes on, the file stays whole, and a gap counts what it lacks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sessions.journal import events as ev
from sessions.journal.folder import all_folders
from sessions.journal.reader import JournalContents, read, scan_journal
from steertui import paths
from tests.disks import small

REPO_ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("size", ["64k", pytest.param("1m", marks=pytest.mark.slow)])
def test_an_answer_outlives_a_full_disk_and_its_gap_is_the_truth(tmp_path: Path, size: str) -> None:
    command = [sys.executable, "-m", "tests.steertui.engine.full_disk", str(tmp_path)]
    done = subprocess.run(
        [*small(paths.sessions_folder(), size), *command],
        cwd=REPO_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["said"] == f"recording paused: {os.strerror(28)}"
    assert told["tokens"] > told["paused"] + 60
    assert told["heard"] == list(range(len(told["heard"])))
    (folder,) = all_folders(tmp_path / "sessions")
    reading = read(folder.journal)
    assert reading.damage_words() == ""
    written = {record.n for record in reading.records}
    missing = sorted(set(told["heard"]) - written)
    gaps = [record.event for record in reading.records if isinstance(record.event, ev.RecordingGap)]
    assert [n for gap in gaps for n in range(gap.first, gap.last + 1)] == missing
    assert sum(gap.lost for gap in gaps) == told["lost"] == len(missing) > 0
    assert isinstance(reading.records[-1].event, ev.SessionClosed)


LAST_WORD = """
import sys
from pathlib import Path
from sessions.journal.events import NoteAdded
from sessions.journal.journal import Journal
from tests.steertui.engine.full_disk import fill
journal, folder = Journal.create(Path(sys.argv[1]))
journal.append(NoteAdded(text="before"))
fill(Path(sys.argv[1]))
for _ in range(10):
    journal.append(NoteAdded(text="x" * 1000))
journal.close("the end")
sys.stdout.buffer.write(folder.journal.read_bytes())
"""


def journal_on_a_disk_that_stays_full(folder: Path, size: str) -> JournalContents:
    command = [*small(folder, size), sys.executable, "-c", LAST_WORD, str(folder)]
    return scan_journal(subprocess.run(command, cwd=REPO_ROOT, capture_output=True, check=True).stdout)


def test_a_disk_that_stays_full_has_room_for_the_last_word_in_the_reserve(tmp_path: Path) -> None:
    reading = journal_on_a_disk_that_stays_full(tmp_path, "1m")
    assert reading.damage_words() == ""
    assert [record.event.t for record in reading.records][-2:] == ["gap", "close"]


def test_a_disk_without_room_for_a_reserve_still_holds_a_whole_journal(tmp_path: Path) -> None:
    reading = journal_on_a_disk_that_stays_full(tmp_path, "64k")
    assert reading.damage_words() == ""
    assert reading.records[0].event == ev.NoteAdded(text="before")
