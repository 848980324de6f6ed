"""The copies of vectors that a session keeps beside its journal."""

from __future__ import annotations

from typing import Any

from sessions.journal.folder import SUFFIX, SessionFolder


def read_kept_vectors(folder: SessionFolder) -> dict[str, Any]:
    """The vectors of a session by sha256, read from the copies in its folder."""
    import vectors

    found = [vectors.read(path) for path in sorted(folder.vectors.glob(f"*{SUFFIX}"))]
    return {vector.sha256: vector for vector in found}
