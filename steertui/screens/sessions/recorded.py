"""Disk access of the sessions screens: plain functions, called off the event loop."""

from __future__ import annotations

from pathlib import Path

from sessions.export import SUFFIXES, save
from sessions.journal.folder import SessionFolder
from sessions.journal.reader import read
from sessions.recorded.branch import create_branch
from sessions.recorded.film import Playback, build_playback
from sessions.recorded.index import SessionEntry, SessionIndex
from steertui import paths
from steertui.text import safe_text


def search_sessions(words: str) -> list[SessionEntry]:
    """Sessions that contain all of these words; all sessions for an empty search."""
    return SessionIndex(paths.sessions_path(), paths.index_file()).search(words)


def load_film(entry: SessionEntry) -> Playback:
    return build_playback(read(_folder(entry).journal).records)


def export_session(entry: SessionEntry, form: str) -> Path:
    """Write an export into the session's own folder and return its path."""
    folder = _folder(entry)
    place = paths.make_private(folder.path / "export") / f"{entry.id}.{SUFFIXES.get(form, form)}"
    save(read(folder.journal).records, form, place, safe_text)
    return place


def branch_session(entry: SessionEntry, turn: int, at: int | None) -> str:
    """Create a session that starts with the history up to this token; returns its id."""
    folder = _folder(entry)
    return create_branch(paths.sessions_folder(), folder, read(folder.journal).records, turn, at).id


def _folder(entry: SessionEntry) -> SessionFolder:
    return SessionFolder(Path(entry.folder))
