"""What an engine does for its clients: every op of the protocol is one line here, carried out by the session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sessions import events as ev
from sessions.journal import Journal
from sessions.live import Session
from sessions.origin import opening
from sessions.residence import Residence
from sessions.studio import Studio
from steertui import __version__

Deed = Callable[..., dict[str, Any]]

SLOW = frozenset({"vector.load", "inject"})
"""Ops that read files or render templates: they get a thread, so that nobody else's dial waits for them."""


class Host:
    """A studio, the session that is being recorded, and the ops on it. `root` is None without recording."""

    def __init__(self, studio: Studio, root: Path | None) -> None:
        self._residence = Residence(studio)
        self.journal, self.folder, trouble = _new_journal(root)
        self.session = Session(
            self.journal, self._residence, keep=self.folder / "vectors" if self.folder else None
        )
        self.journal.append(opening(self.journal.session, __version__))
        if trouble:
            self.journal.append(unrecorded(root, trouble))
        session = self.session
        self._deeds: Mapping[str, Deed] = {
            "load_model": session.load_model,
            "unload": session.unload,
            "chat": session.chat,
            "regenerate": session.regenerate,
            "cancel": session.cancel,
            "pause": session.pause,
            "mixer": session.mixer,
            "vector.load": session.load_vector,
            "vector.remove": session.remove_vector,
            "inject": session.inject,
            "rewind": session.rewind,
            "note": session.note,
            "mark": session.mark,
            "status": self.status,
        }

    def knows(self, op: str) -> bool:
        return op in self._deeds

    def do(self, op: str, args: Mapping[str, Any]) -> dict[str, Any]:
        return self._deeds[op](**args)

    def status(self) -> dict[str, Any]:
        state = self.session.state
        return {
            "state": state.word,
            "model": state.model.name if state.model else None,
            "session": state.session,
            "seq": self.journal.seq,
            "recording": self.journal.recording,
            "folder": str(self.folder) if self.folder else None,
        }

    def close(self, reason: str) -> None:
        self.session.close(reason)
        self._residence.close()


def _new_journal(root: Path | None) -> tuple[Journal, Path | None, OSError | None]:
    """A disk that cannot be written costs the recording, not the session."""
    if root is None:
        return Journal.unrecorded(), None, None
    try:
        journal, folder = Journal.create(root)
    except OSError as error:
        return Journal.unrecorded(), None, error
    return journal, folder.path, None


def unrecorded(root: Path | None, error: OSError) -> ev.Error:
    """Said once, in the session itself: what could not be written and which variable moves it."""
    where = error.filename or root
    said = f"not recorded: cannot write {where} ({error.strerror}); set XDG_DATA_HOME to another folder"
    return ev.Error(where="journal", message=said, code="recording")
