from __future__ import annotations

import pytest

from core.byte_sizes import format_bytes, parse_bytes
from core.errors import UsageError


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


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("2GB", 2_000_000_000), ("500 MB", 500_000_000), ("1.5kb", 1500), (" 7 B ", 7)],
)
def test_sizes_are_read(text: str, count: int) -> None:
    assert parse_bytes(text) == count


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "2 GiB", "1.2.3MB", "much", "nan"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a size: write it like 2GB or 500MB"):
        parse_bytes(text)
