"""Size limits for untrusted vector files, and how counts and byte sizes are printed."""

from __future__ import annotations

MEBI = 1 << 20
FILE_BYTES = 256 * MEBI
TEXT_BYTES = 48 * MEBI  # JSON numbers become Python objects, about eight times their text
METADATA_BYTES = MEBI
TENSORS = 1024
METADATA_ENTRIES = 64
ELEMENTS = 32 * MEBI
WIDTH = 1 << 17
LAYERS = 1024
FP16_LARGEST = 65504.0

_BYTE_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def format_count(count: int) -> str:
    """A count for people: 1,500 in full, a huge one as a power."""
    if count < 10_000_000:
        return f"{count:,}"
    if count & (count - 1) == 0:
        return f"2^{count.bit_length() - 1}"
    return f"{count:.1e}".replace("e+0", "e").replace("e+", "e").replace(".0e", "e")


def format_bytes(count: int) -> str:
    """A number of bytes in the largest unit that keeps it at one or more."""
    step = min(max(count.bit_length() - 1, 0) // 10, len(_BYTE_UNITS) - 1)
    return f"{count:,} bytes" if step == 0 else f"{count / (1 << 10 * step):.1f} {_BYTE_UNITS[step]}"
