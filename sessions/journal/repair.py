"""Repair of a journal at open: an unfinished last line is moved to another file; nothing is deleted."""

from __future__ import annotations

from pathlib import Path

from sessions.journal.folder import PRIVATE_FILE, SessionFolder
from sessions.journal.reader import JournalContents


def repair_journal(folder: SessionFolder, reading: JournalContents) -> Path | None:
    """Move an unfinished last line into a file beside the journal and return its path. The caller holds the
    lock.
    """
    if not reading.torn:
        return None
    # Numbered, so that an earlier repair's file is never overwritten.
    earlier = sum(1 for _ in folder.path.glob("journal.torn-*"))
    torn_file = folder.path / f"journal.torn-{earlier}"
    with folder.journal.open("r+b") as journal:
        journal.seek(reading.end)
        torn_file.touch(PRIVATE_FILE, exist_ok=False)
        # Saved before the journal is cut, so that a crash in between loses nothing.
        torn_file.write_bytes(journal.read())
        journal.truncate(reading.end)
    return torn_file
