"""Expands ~ at the beginning of a path as a shell does."""

from __future__ import annotations

import os
from pathlib import Path


def expand_home(path: str | os.PathLike[str]) -> Path:
    """Expand ~ and ~name; unlike pathlib, an unknown ~name is kept as a file name instead of raising."""
    return Path(os.path.expanduser(path))  # noqa: PTH111
