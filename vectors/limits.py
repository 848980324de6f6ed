"""Size limits for untrusted vector files, and how counts are printed."""

from __future__ import annotations

MEBI = 1 << 20
FILE_BYTES = 256 * MEBI
TEXT_BYTES = 48 * MEBI  # JSON numbers become Python objects, about eight times their text
METADATA_BYTES = MEBI
METADATA_LIMIT = f"{METADATA_BYTES // MEBI} MB"
TENSORS = 1024
METADATA_ENTRIES = 64
ELEMENTS = 32 * MEBI
WIDTH = 1 << 17
LAYERS = 1024
FP16_LARGEST = 65504.0


def format_count(count: int) -> str:
    """A count for people: 1,500 in full, a huge one as a power."""
    if count < 10_000_000:
        return f"{count:,}"
    if count & (count - 1) == 0:
        return f"2^{count.bit_length() - 1}"
    return f"{count:.1e}".replace("e+0", "e").replace("e+", "e").replace(".0e", "e")
