"""Peak memory of the process: RssAnon, because RSS also counts mapped files."""

from __future__ import annotations

from pathlib import Path


def anonymous_bytes() -> int:
    """Current RssAnon in bytes; 0 where the system does not report it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))
    except (OSError, StopIteration):
        return 0


class MemoryPeak:
    """The highest memory use above that at the start."""

    def __init__(self) -> None:
        self.start = anonymous_bytes()
        self.peak = self.start

    def update_peak(self) -> None:
        self.peak = max(self.peak, anonymous_bytes())

    @property
    def grown_bytes(self) -> int:
        return self.peak - self.start
