"""Paths that begin with ~, read as a shell reads them."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(path: str | os.PathLike[str]) -> Path:
    """~ and ~name are homes; where nobody has that name it is the name of a file, which pathlib would refuse."""
    return Path(os.path.expanduser(path))  # noqa: PTH111
