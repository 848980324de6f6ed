"""A recorded session in forms that others read: one file per form, one line in the registry.

Every form is a function of the records and of `clean`, which makes text safe to draw: what a model said may hold
escape sequences, and an export is looked at in terminals, browsers and spreadsheets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from core.errors import UsageError
from sessions.lines import Record

Clean: TypeAlias = Callable[[str], str]
Export: TypeAlias = Callable[[tuple[Record, ...], Clean], str]

FORMS = {
    "md": "sessions.export.markdown",
    "jsonl": "sessions.export.chat",
    "html": "sessions.export.html",
    "csv": "sessions.export.table",
    "cast": "sessions.export.cast",
}
LOGS = {"inspect": "sessions.export.inspectlog"}
"""Forms that are no text: another tool's own files, written by that tool."""
SUFFIXES = {"inspect": "eval"}


def export(records: Iterable[Record], form: str, clean: Clean) -> str:
    """The session as one text in the form that was asked for."""
    if form not in FORMS:
        raise UsageError(f"there is no export {form!r}: choose one of {', '.join(FORMS)}")
    write: Export = import_module(FORMS[form]).export
    return write(tuple(records), clean)


def save(records: Iterable[Record], form: str, place: Path, clean: Clean) -> None:
    """The session as a file in the form that was asked for."""
    if form in LOGS:
        import_module(LOGS[form]).save(tuple(records), place)
    else:
        place.write_text(export(records, form, clean), encoding="utf-8")
