"""How much memory of its own the process has taken: RssAnon, because mapped files count as resident too."""

from __future__ import annotations

from pathlib import Path


def anonymous_bytes() -> int:
    """0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))
    except (OSError, StopIteration):
        return 0


class Meter:
    """The highest reading above the one at the start."""

    def __init__(self) -> None:
        self.start = anonymous_bytes()
        self.peak = self.start

    def look(self) -> None:
        self.peak = max(self.peak, anonymous_bytes())

    @property
    def grown(self) -> int:
        return self.peak - self.start
