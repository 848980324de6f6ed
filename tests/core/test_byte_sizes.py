from __future__ import annotations

import pytest

from core.byte_sizes import format_bytes


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999_999, "1 MB"),
        (5_240_000, "5.24 MB"),
        (16_060_000_000, "16.1 GB"),
        (10**21, "1e+03 EB"),
    ],
)
def test_sizes_are_written_as_the_hub_writes_them(count: int, text: str) -> None:
    assert format_bytes(count) == text
