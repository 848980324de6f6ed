"""Job fingerprints: jobs are equal if their parameters and the files and folders these name are unchanged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.files import expand_home

LONGEST_PATH = 4096


def fingerprint_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters plus size and modification time of every file they point to."""
    # Size and time instead of a hash: files can be many gigabytes.
    return {**params, "files": {name: list(_file_stats(value)) for name, value in params.items()}}


def _file_stats(value: Any) -> Iterator[tuple[str, int, int]]:
    # Longer texts are no paths, and a NUL would raise ValueError instead of OSError.
    if not isinstance(value, str) or not value or len(value) > LONGEST_PATH or "\0" in value:
        return
    path = expand_home(value)
    try:
        entries = sorted(path.iterdir()) if path.is_dir() else [path] if path.is_file() else []
        for entry in entries:
            stat = entry.stat()
            yield entry.name, stat.st_size, stat.st_mtime_ns
    except OSError:
        return
