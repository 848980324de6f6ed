"""The user's vector library on disk: native files by name, plus the demo models' starter vectors.

Adding a file parses it once and stores our own copy, so foreign files are not parsed again. Removing moves
a vector and its note to a trash folder, from which they can be restored.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from core import demo
from core.errors import UsageError
from vectors.data.card import Card
from vectors.errors import VectorFileError, printable_name
from vectors.files import writing
from vectors.library import notes, trash
from vectors.vector import SteeringVector
from vectors.vector_file import read_file

SUFFIX = ".safetensors"
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class LibraryEntry:
    """One vector of the library; `problem` is set, and `card` is None, when its file cannot be read."""

    name: str
    path: Path
    card: Card | None
    problem: str = ""
    note: str = ""
    starter: bool = False


def library_folder() -> Path:
    return Path(platformdirs.user_data_dir("steertui")) / "vectors"


def require_valid_name(name: str) -> str:
    if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
        raise UsageError(
            f"bad vector name {printable_name(name)!r}: a name may use letters, digits, . _ - (max 100)"
        )
    return name


def find(name_or_path: str | os.PathLike[str]) -> Path:
    """The file of a library name, else the path itself; the error for an unknown name lists all names."""
    text = os.fspath(name_or_path)
    if not isinstance(text, str) or "/" in text or not _NAME.fullmatch(text):
        return Path(name_or_path)
    known = vector_paths()
    # The library's vector comes before a file of the same name in the current folder.
    if text in known:
        return _refuse_outside_link(known[text])
    # A name with a suffix means a file, even a missing one: opening it gives the right error.
    if Path(text).suffix or os.path.lexists(text):
        return Path(text)
    raise VectorFileError(
        f"no vector {printable_name(text)!r}: neither a file here nor one of {', '.join(map(printable_name, known))}"
    )


def vector_paths() -> dict[str, Path]:
    """Every vector's file by name: the starter vectors and the user's own."""
    # A vector of the user's own hides the starter vector of the same name.
    return demo.starter_vectors() | _user_paths()


def _user_paths() -> dict[str, Path]:
    """The user's files by name; symbolic links out of the folder are listed and refused when opened."""
    try:
        files = sorted(library_folder().iterdir(), key=lambda path: path.name)
    except OSError:
        return {}
    return {path.name.removesuffix(SUFFIX): path for path in files if not path.is_dir() and _is_vector(path)}


def _is_vector(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix != ".json"


def list_entries() -> list[LibraryEntry]:
    """All entries with their cards, sorted by name."""
    lines, starters = notes.read(library_folder()), demo.starter_vectors()
    return [_read_entry(name, path, lines, starters) for name, path in sorted(vector_paths().items())]


def _read_entry(
    name: str, path: Path, lines: Mapping[str, str], starters: Mapping[str, Path]
) -> LibraryEntry:
    note, starter = lines.get(name, ""), starters.get(name) == path
    try:
        return LibraryEntry(name, path, load(name, path).card, "", note, starter)
    except VectorFileError as problem:
        return LibraryEntry(name, path, None, str(problem), note, starter)


def load(name: str, path: Path | None = None) -> SteeringVector:
    """A vector of the library by name, or any file."""
    return read_file(_refuse_outside_link(path or find(name)), allow_undecided=True)


def _refuse_outside_link(path: Path) -> Path:
    """Refuse a symbolic link that leads out of the library folder."""
    folder = library_folder()
    if path.parent == folder and path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise VectorFileError(f"{printable_name(path.name)}: not a regular file (a link out of the library)")
    return path


def search(text: str) -> list[LibraryEntry]:
    """Entries whose name, note or origin contains every word of the text."""
    words = text.lower().split()
    return [entry for entry in list_entries() if all(word in _search_text(entry) for word in words)]


def _search_text(entry: LibraryEntry) -> str:
    about = entry.card.about if entry.card else None
    origin = (about.model_id, about.method, about.contrast, about.sign_note, about.source) if about else ()
    return " ".join((entry.name, entry.note, *origin)).lower()


def add_to_library(vector: SteeringVector, name: str | None = None) -> Path:
    """Save a vector under an unused name, with the file it came from as its source."""
    origin = vector.origin
    if origin.undecided:
        raise VectorFileError(f"{origin.file}: {origin.warnings[-1]}")
    name = require_valid_name(name or vector.about.name)
    if name in vector_paths():
        raise UsageError(f"the library has a vector {name!r} already; say --name or remove that one first")
    # The copy in the library no longer shows its file and numbering, so they are noted here.
    source = f"{origin.file} ({origin.format}, sha256 {origin.file_sha256[:12]}; {origin.index_rule})"
    about = replace(vector.about, name=name, source=vector.about.source or source)
    target = _make_folder() / f"{name}{SUFFIX}"
    writing.write(vector.with_about(about), target, "native")
    return target


def rename(old: str, new: str) -> Path:
    path, target = _user_path(old), _make_folder() / f"{require_valid_name(new)}{SUFFIX}"
    if new in vector_paths():
        raise UsageError(f"the library has a vector {new!r} already")
    # Written before the old file is deleted: an interruption leaves two copies, not none.
    writing.write(load(old, path).named(new), target, "native")
    path.unlink()
    notes.move_note(_make_folder(), old, new)
    return target


def write_note(name: str, text: str) -> None:
    """Set the user's note on a vector; an empty text deletes it. Starter vectors can have one too."""
    if name not in vector_paths():
        raise UsageError(f"the library has no vector {printable_name(name)!r}")
    notes.write(_make_folder(), name, text)


def remove(name: str) -> Path:
    """Move a vector and its note to the trash folder; the file name there holds the time."""
    trashed = trash.move_to_trash(_user_path(name), _make_folder())
    notes.move_note(_make_folder(), name, trashed.name)
    return trashed


def list_trash() -> list[trash.TrashedFile]:
    """The vectors in the trash, newest first."""
    return trash.list_trashed(library_folder())


def restore_vector(name_or_file: str) -> str:
    """Restore a vector by its former name (the newest of that name) or by its file name in the trash."""
    trashed = next(
        (each for each in list_trash() if name_or_file in (original_name(each), each.place.name)), None
    )
    if trashed is None:
        raise UsageError(f"the trash has no vector {printable_name(name_or_file)!r}")
    name = original_name(trashed)
    if name in vector_paths():
        raise UsageError(
            f"the library has a vector {printable_name(name)!r} again: rename or remove that one first"
        )
    trashed.place.rename(_make_folder() / trashed.file)
    notes.move_note(_make_folder(), trashed.place.name, name)
    return name


def original_name(trashed: trash.TrashedFile) -> str:
    """The name a vector in the trash had, and gets back when restored."""
    return trashed.file.removesuffix(SUFFIX)


def _user_path(name: str) -> Path:
    own = _user_paths()
    if name in own:
        return own[name]
    if name in demo.starter_vectors():
        raise UsageError(f"{name!r} comes with the demo models and cannot be changed")
    raise UsageError(f"the library has no vector {printable_name(name)!r}")


def _make_folder() -> Path:
    folder = library_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise UsageError(
            f"cannot make {printable_name(folder)} ({problem.strerror}); set XDG_DATA_HOME"
        ) from None
    return folder
