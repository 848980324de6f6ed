"""An SQLite index of all sessions for lists and full-text search; it is rebuilt from the journals if deleted.

A session is read again only if its journal has changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import SteerError
from sessions.journal.events import JobChanged, ModelChanged, SessionOpened
from sessions.journal.folder import SessionFolder, all_folders
from sessions.journal.reader import JournalContents, read
from sessions.state.fold import fold_all
from sessions.surrogates import replace_surrogates

VERSION = 2
SCHEMA = f"""
DROP TABLE IF EXISTS sessions;
DROP TABLE IF EXISTS words;
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, folder TEXT, size INTEGER, changed INTEGER,
    began TEXT, model TEXT, turns INTEGER, tokens INTEGER, jobs TEXT, title TEXT, damage TEXT);
CREATE VIRTUAL TABLE words USING fts5 (id UNINDEXED, text);
PRAGMA user_version = {VERSION};
"""
COLUMNS = "id, folder, began, model, turns, tokens, jobs, title, damage"
TITLE = 60
WORKED_ON = ("contrast", "set", "vector", "base", "tuned", "session", "pack", "prompts", "out")
"""Parameters that distinguish jobs of the same kind in a title."""


@dataclass(frozen=True)
class SessionEntry:
    """One row of the session list. `jobs` are the session's jobs with their states; `title` is the first user
    message, else the first job; `damage` describes unreadable parts of the journal.
    """

    id: str
    folder: str
    began: str
    model: str
    turns: int
    tokens: int
    jobs: str
    title: str
    damage: str


class SessionIndex:
    """The index in `file`. A damaged file is recreated; if it cannot be written, the index is kept in memory."""

    def __init__(self, root: Path, file: Path) -> None:
        self._root, self._file = root, file
        self._memory: sqlite3.Connection | None = None
        try:
            self._refresh()
        except (OSError, sqlite3.DatabaseError):
            self._recreate()

    def entries(self) -> list[SessionEntry]:
        """All sessions, newest first."""
        return self._query(f"SELECT {COLUMNS} FROM sessions ORDER BY id DESC")

    def search(self, text: str) -> list[SessionEntry]:
        """Sessions that contain all of these words, best match first."""
        # Quoted, so that AND, OR and a hyphen are words and not FTS5 operators.
        query = " ".join('"' + word.replace('"', '""') + '"' for word in replace_surrogates(text).split())
        if not query:
            return self.entries()
        found = "SELECT id FROM words WHERE words MATCH ? ORDER BY rank"
        with self._open() as base:
            order = [row[0] for row in base.execute(found, (query,))]
        known = {entry.id: entry for entry in self.entries()}
        return [known[session] for session in order]

    def _query(self, query: str) -> list[SessionEntry]:
        with self._open() as base:
            return [SessionEntry(*row) for row in base.execute(query)]

    def _open(self) -> AbstractContextManager[sqlite3.Connection]:
        if self._memory:
            return nullcontext(self._memory)
        base = closing(sqlite3.connect(self._file))
        # Titles and texts of sessions are private.
        self._file.chmod(0o600)
        return base

    def _recreate(self) -> None:
        try:
            # The index holds nothing that is not in the journals, so it can be made anew.
            self._file.unlink()
            self._refresh()
        except (OSError, sqlite3.DatabaseError):
            self._memory = sqlite3.connect(":memory:", check_same_thread=False)
            self._refresh()

    def _refresh(self) -> None:
        """Add new and changed sessions and delete missing ones."""
        # The second `base` is a transaction: it is committed as a whole or not at all.
        with self._open() as base, base:
            _create_tables(base)
            known = {row[0]: row[1:] for row in base.execute("SELECT id, size, changed FROM sessions")}
            present = all_folders(self._root)
            _delete_sessions(base, known.keys() - {folder.id for folder in present})
            for folder in present:
                state = folder.journal.stat()
                # Reading a journal is slow, so only those whose size or time has changed are read.
                if known.get(folder.id) != (state.st_size, state.st_mtime_ns):
                    _delete_sessions(base, [folder.id])
                    _insert_session(base, folder, state.st_size, state.st_mtime_ns)


def _create_tables(base: sqlite3.Connection) -> None:
    """Create the tables, unless the file has the current version."""
    if base.execute("PRAGMA user_version").fetchone() != (VERSION,):
        base.executescript(SCHEMA)


def _delete_sessions(base: sqlite3.Connection, sessions: Iterable[str]) -> None:
    for session in sessions:
        base.execute("DELETE FROM sessions WHERE id = ?", (session,))
        base.execute("DELETE FROM words WHERE id = ?", (session,))


def _insert_session(base: sqlite3.Connection, folder: SessionFolder, size: int, changed: int) -> None:
    try:
        entry, text = _summarize_session(folder, read(folder.journal))
    except SteerError as error:
        # A session that cannot be read is listed with its error, not left out.
        entry, text = SessionEntry(folder.id, str(folder.path), "", "", 0, 0, "", "", str(error)), ""
    row = {**asdict(entry), "size": size, "changed": changed}
    columns = f"INSERT INTO sessions ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
    base.execute(columns, [replace_surrogates(x) if isinstance(x, str) else x for x in row.values()])
    base.execute("INSERT INTO words VALUES (?,?)", (entry.id, replace_surrogates(text)))


def _shorten_title(title: str) -> str:
    return title if len(title) <= TITLE else title[: TITLE - 1].rstrip() + "…"


def _summarize_session(folder: SessionFolder, reading: JournalContents) -> tuple[SessionEntry, str]:
    events = [record.event for record in reading.records]
    began = next((event.wall for event in events if isinstance(event, SessionOpened)), "")
    model = next((e.name for e in reversed(events) if isinstance(e, ModelChanged) and e.state == "ready"), "")
    turns = fold_all(reading.records).turns.values()
    # The last event of a job has its final state.
    jobs = {e.job: e for e in events if isinstance(e, JobChanged) and not e.session}
    first = next((_job_words(e) for e in events if isinstance(e, JobChanged) and not e.session), "")
    title = _shorten_title(next((turn.text for turn in turns if turn.role == "user"), first))
    entry = SessionEntry(
        folder.id,
        str(folder.path),
        began,
        model,
        len(turns),
        sum(len(turn.tokens) for turn in turns),
        ", ".join(f"{job.kind} {job.state}" for job in jobs.values()),
        title,
        reading.damage_words(),
    )
    return entry, "\n".join([*(turn.text for turn in turns), *([first] if first else [])])


def _job_words(job: JobChanged) -> str:
    """A job's kind and what it works on; paths without their folders."""
    named = [value for key, value in job.params.items() if key in WORKED_ON and isinstance(value, str)]
    return " ".join([job.kind, *(Path(value).name for value in named if value)])
