"""Memory that a tensor gives up stays with this process instead of going back to the system.

Every operation on a CPU allocates its result. glibc takes large results from the system and returns them at once, so
each costs a page fault for every 4 KiB: a fifth of the CPU time of a small model. Only for processes that end soon:
they hold their peak of memory until then.
"""

from __future__ import annotations

import ctypes

# Parameters of mallopt(3), from glibc's malloc.h.
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
KEPT, LARGEST, AHEAD = 1 << 30, 1 << 28, 1 << 26
"""Bytes that may lie unused at the end of the heap; a block from which on the system is asked as before; bytes that
are taken ahead."""


def keep_freed_memory() -> bool:
    """Ask the allocator for it; returns whether it took it, as others than glibc's have no such switch."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    asked = ((MMAP_THRESHOLD, LARGEST), (TRIM_THRESHOLD, KEPT), (TOP_PAD, AHEAD))
    taken = [mallopt(name, value) for name, value in asked]
    return taken == [1, 1, 1]
