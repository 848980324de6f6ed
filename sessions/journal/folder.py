"""The folder of one session: its journal, copies of its vectors, and the lock of the process that records it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from core.errors import BadInput, EngineUnavailable
from sessions.journal.file_lock import FileLocked, lock_file
from sessions.journal.ulid import is_ulid, new_ulid

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class SessionFolder:
    """`<data>/sessions/<date>/<ulid>/`, readable only by its owner."""

    path: Path

    @classmethod
    def create(cls, root: Path) -> SessionFolder:
        folder = cls(root / date.today().isoformat() / new_ulid())
        folder.path.mkdir(mode=PRIVATE_FOLDER, parents=True)
        folder.vectors.mkdir(mode=PRIVATE_FOLDER)
        return folder

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def journal(self) -> Path:
        return self.path / "journal.jsonl"

    @property
    def vectors(self) -> Path:
        return self.path / "vectors"

    @property
    def reserve(self) -> Path:
        return self.path / "reserve"

    def lock(self) -> int:
        """Lock the session; the lock lasts until the returned descriptor is closed or the process ends."""
        try:
            return lock_file(self.path / "lock")
        except FileLocked as owner:
            raise EngineUnavailable(f"session {self.id} is being recorded by process {owner}") from owner


def vector_copy(sha256: str, vectors: Path | None) -> Path:
    """The path of a vector's copy in a session folder. Raises `BadInput` if there is none."""
    copy = vectors / f"{sha256}{SUFFIX}" if vectors else None
    if copy is None or not copy.is_file():
        raise BadInput(f"vector {sha256[:12]}… missing: the session's folder has no copy of it")
    return copy


def share_vector_copy(sha256: str, before: Path, after: Path) -> None:
    """Put the copy of a vector into another session's folder, as a hard link where possible."""
    source, target = before / f"{sha256}{SUFFIX}", after / f"{sha256}{SUFFIX}"
    if source.is_file() and not target.exists():
        try:
            # Copies are named by their hash and never changed, so two sessions can share one.
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)


def all_folders(root: Path) -> list[SessionFolder]:
    """All recorded sessions, newest first."""
    paths = [path for path in root.glob("*/*") if is_ulid(path.name) and (path / "journal.jsonl").exists()]
    # ULIDs sort by time.
    return [SessionFolder(path) for path in sorted(paths, key=lambda path: path.name, reverse=True)]


def find_folder(root: Path, name: str) -> SessionFolder:
    """The session whose id starts or ends with `name`, ignoring case; `last` is the newest."""
    folders = all_folders(root)
    part = name.upper()
    matches = [f for f in folders if f.id.endswith(part) or f.id.startswith(part)]
    if name == "last":
        matches = folders[:1]
    if not folders:
        raise BadInput(f"nothing was recorded yet below {root}")
    if not matches:
        raise BadInput(f"there is no session {name!r} below {root}")
    if len(matches) > 1:
        raise BadInput(
            f"{name!r} matches {len(matches)} sessions, from {matches[-1].id} to {matches[0].id}: type more of the id"
        )
    return matches[0]
