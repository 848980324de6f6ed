"""docs/faults.md names the test that holds each promise; every one of them has to be there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
ROWS = [
    line
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| row", "| fault", "| what"))
]


def test_no_row_is_without_a_test() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if "::" not in row] == []


@pytest.mark.parametrize("row", [*range(40, 46), *range(54, 59), 64, 65, 66])
def test_every_row_of_the_table_is_on_the_page(row: int) -> None:
    assert any(line.startswith(f"| {row} |") for line in ROWS)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"^ *(?:async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M)
