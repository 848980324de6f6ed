"""The trash folder of the library: file names hold the time of removal and the original name."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

FOLDER = "trash"
_STAMP = "%Y%m%d-%H%M%S"
_NAMED = re.compile(r"(\d{8}-\d{6})-(\d+)-(.+)", re.DOTALL)


@dataclass(frozen=True)
class TrashedFile:
    """A file that can be restored: `file` is its original name, `when` the local time of its removal."""

    place: Path
    file: str
    when: str


def move_to_trash(path: Path, home: Path) -> Path:
    """Move a file of `home` into its trash folder."""
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp = time.strftime(_STAMP)
    places = (folder / f"{stamp}-{count}-{path.name}" for count in range(10_000))
    return path.rename(next(place for place in places if not place.exists()))


def list_trashed(home: Path) -> list[TrashedFile]:
    """The trashed files, newest first; files with other names are ignored."""
    try:
        names = [path.name for path in (home / FOLDER).iterdir() if path.is_file()]
    except OSError:
        return []
    found = [match for name in names if (match := _NAMED.fullmatch(name))]
    found.sort(key=lambda match: (match[1], int(match[2])), reverse=True)
    return [TrashedFile(home / FOLDER / match[0], match[3], _readable_date(match[1])) for match in found]


def _readable_date(stamp: str) -> str:
    """The time stamp as a readable date."""
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} {stamp[9:11]}:{stamp[11:13]}"
