"""The journal's file: whole lines only, flushed within a second, with reserved space for the closing events."""

from __future__ import annotations

import os
import threading
from array import array
from bisect import bisect_right

from sessions.journal.folder import PRIVATE_FILE, SessionFolder
from sessions.journal.reader import JournalContents

SYNC_S = 1.0
RESERVE = 256 << 10


class JournalFile:
    """An append-only file with an index of record positions; a separate thread flushes it."""

    def __init__(self, folder: SessionFolder, lock: int, reading: JournalContents) -> None:
        """`lock`: the descriptor from `folder.lock()`; `reading`: the contents of the repaired file."""
        self._folder = folder
        self._lock = lock
        self._file = os.open(
            folder.journal, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE
        )
        self._size = reading.end
        self._numbers = array("q", (record.n for record in reading.records))
        self._starts = array("q", (start for start, _ in reading.spans))
        self._lengths = array("q", (length for _, length in reading.spans))
        self._flusher = Flusher(self._file)
        self.keep_reserve()

    def write(self, lines: list[tuple[int, bytes]]) -> None:
        """Write all lines at once, or none and raise OSError."""
        data = b"".join(line for _, line in lines)
        done = 0
        try:
            while done < len(data):
                done += os.write(self._file, data[done:])
        except OSError:
            # Remove a partial write, so that the file never continues in the middle of a line.
            os.ftruncate(self._file, self._size)
            raise
        for number, line in lines:
            self._numbers.append(number)
            self._starts.append(self._size)
            self._lengths.append(len(line))
            self._size += len(line)
        self._flusher.mark_dirty()

    def lines(self, since: int, most: int) -> list[tuple[int, bytes]]:
        """Up to `most` records with numbers above `since`."""
        # Record numbers only grow, but may have gaps: search, do not compute.
        first = bisect_right(self._numbers, since)
        return [
            (self._numbers[k], os.pread(self._file, self._lengths[k], self._starts[k]))
            for k in range(first, min(first + most, len(self._numbers)))
        ]

    def sync(self) -> None:
        """Request a flush now instead of within a second; does not wait."""
        self._flusher.flush_soon()

    def keep_reserve(self) -> None:
        """Reserve space for a `gap` and a `close` on a full disk; skipped if even that does not fit."""
        descriptor = os.open(self._folder.reserve, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            # Allocates the blocks now; a sparse file would reserve nothing.
            os.posix_fallocate(descriptor, 0, RESERVE)
        except OSError:
            self.free_reserve()
        finally:
            os.close(descriptor)

    def free_reserve(self) -> None:
        self._folder.reserve.unlink(missing_ok=True)

    def close(self) -> None:
        self._flusher.close()
        self.free_reserve()
        os.close(self._file)
        os.close(self._lock)


class Flusher:
    """A thread that calls fdatasync, which can take seconds, for all writes so far."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._dirty = self._urgent = self._closing = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="journal-flusher", daemon=True)
        self._thread.start()

    def mark_dirty(self) -> None:
        with self._change:
            if not self._dirty:
                self._dirty = True
                self._change.notify()

    def flush_soon(self) -> None:
        with self._change:
            self._urgent = True
            self._change.notify()

    def close(self) -> None:
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._change:
                # Wait for the first write, then up to a second for more: one flush covers many writes.
                self._change.wait_for(lambda: self._dirty or self._closing)
                self._change.wait_for(lambda: self._urgent or self._closing, timeout=SYNC_S)
                dirty, closing = self._dirty, self._closing
                # Cleared before the flush: writes made during it need another one.
                self._dirty = self._urgent = False
            # Outside the lock, so that writers do not wait for the disk.
            if dirty:
                self._flush()
            if closing:
                return

    def _flush(self) -> None:
        """Flush; after a failure it is tried again, and the next write reports the error."""
        try:
            os.fdatasync(self._file)
        except OSError:
            with self._change:
                self._dirty = True
