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


def move_to_trash(path: Path, library: Path) -> Path:
    """Move a file of the folder `library` into its trash folder."""
    folder = library / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    stamp = time.strftime(_STAMP)
    # The number tells files apart that were removed in the same second.
    places = (folder / f"{stamp}-{count}-{path.name}" for count in range(10_000))
    return path.rename(next(place for place in places if not place.exists()))


def list_trashed(library: Path) -> list[TrashedFile]:
    """The trashed files, newest first; files with other names are ignored."""
    try:
        names = [path.name for path in (library / FOLDER).iterdir() if path.is_file()]
    except OSError:
        return []
    matches = [match for name in names if (match := _NAMED.fullmatch(name))]
    # The number is compared as a number: as text, 10 would come before 9.
    matches.sort(key=lambda match: (match[1], int(match[2])), reverse=True)
    return [TrashedFile(library / FOLDER / match[0], match[3], _readable_date(match[1])) for match in matches]


def _readable_date(stamp: str) -> str:
    """The time stamp as a readable date."""
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} {stamp[9:11]}:{stamp[11:13]}"
