"""Disk access of the sessions screens: plain functions, called off the event loop."""

from __future__ import annotations

from pathlib import Path

from sessions.export import SUFFIXES, save
from sessions.journal.folder import Folder
from sessions.journal.reader import read
from sessions.recorded.branch import branch
from sessions.recorded.film import Film, film
from sessions.recorded.index import Entry, Index
from steertui import paths
from steertui.text import safe_text


def found(words: str) -> list[Entry]:
    """Sessions that contain all of these words; all sessions for an empty search."""
    return Index(paths.sessions_place(), paths.index()).search(words)


def filmed(entry: Entry) -> Film:
    return film(read(_folder(entry).journal).records)


def exported(entry: Entry, form: str) -> Path:
    """Write an export into the session's own folder and return its path."""
    folder = _folder(entry)
    place = paths.private(folder.path / "export") / f"{entry.id}.{SUFFIXES.get(form, form)}"
    save(read(folder.journal).records, form, place, safe_text)
    return place


def branched(entry: Entry, turn: int, at: int | None) -> str:
    """Create a session that starts with the history up to this token; returns its id."""
    folder = _folder(entry)
    return branch(paths.sessions(), folder, read(folder.journal).records, turn, at).id


def _folder(entry: Entry) -> Folder:
    return Folder(Path(entry.folder))
