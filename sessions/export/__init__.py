"""Exports of recorded sessions, one module per format.

Every format is a function of the records and of `clean`, which removes terminal escape sequences: model
output is untrusted, and exports are viewed in terminals, browsers and spreadsheets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from core.errors import UsageError
from sessions.journal.codec import JournalRecord

Clean: TypeAlias = Callable[[str], str]
Export: TypeAlias = Callable[[tuple[JournalRecord, ...], Clean], str]

FORMS = {
    "md": "sessions.export.markdown",
    "jsonl": "sessions.export.chat",
    "html": "sessions.export.html",
    "csv": "sessions.export.table",
    "cast": "sessions.export.cast",
}
LOGS = {"inspect": "sessions.export.inspectlog"}
"""Formats that are not text and are written to a file by another library."""
SUFFIXES = {"inspect": "eval"}


def export(records: Iterable[JournalRecord], form: str, clean: Clean) -> str:
    """The session as text in the requested format."""
    if form not in FORMS:
        raise UsageError(f"there is no export {form!r}: choose one of {', '.join(FORMS)}")
    write: Export = import_module(FORMS[form]).export
    return write(tuple(records), clean)


def save(records: Iterable[JournalRecord], form: str, path: Path, clean: Clean) -> None:
    """Write the session to a file in the requested format."""
    if form in LOGS:
        import_module(LOGS[form]).save(tuple(records), path)
    else:
        path.write_text(export(records, form, clean), encoding="utf-8")
