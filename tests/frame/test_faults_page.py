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
    if line.startswith("| ") and not line.startswith(("| input", "| fault", "| what"))
]


def test_no_row_is_without_a_test() -> None:
    assert len(ROWS) > 40
    assert [row for row in ROWS if "::" not in row] == []


@pytest.mark.parametrize(
    "text",
    [
        "escape sequences of a model",
        "markup of a model",
        "directions, zero width, a thousand marks",
        "a paste or a prompt of megabytes",
        "links and pictures of a model",
        "half a character",
        "a damaged journal, one of a newer version",
        "a vector that is not on the disk",
        "a socket that is a link, stale, foreign, too long",
        "invalid frames, a flood of requests",
        "a peer of another user",
        "a key on the command line, in a prompt",
        "tags in what is exported",
        "a formula in a cell",
    ],
)
def test_every_bad_input_is_on_the_page(text: str) -> None:
    assert any(line.startswith(f"| {text} |") for line in ROWS)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"^ *(?:async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M)
