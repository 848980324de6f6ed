"""docs/refusals.md quotes the sentences that the program says and names a test for each; both have to be there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "vectors", "sessions", "steertui")
PAGE = (ROOT / "docs" / "refusals.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| refused |")
]
SENTENCES = [row[2].strip("`") for row in ROWS if not row[2].startswith("–")]
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))
VARIABLE = "…"


def text_of(node: ast.AST) -> str | None:
    """A string of the code, with an ellipsis for every value in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or VARIABLE for part in node.values)
    return None


@cache
def code_texts() -> tuple[str, ...]:
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    trees = (ast.walk(ast.parse(path.read_text(encoding="utf-8"))) for path in paths)
    return tuple(text for tree in trees for node in tree if (text := text_of(node)))


def is_said(sentence: str, texts: tuple[str, ...]) -> bool:
    """Whether one text has the fixed parts of the sentence in their order."""
    parts = [re.escape(part.strip(" '")) for part in sentence.split(VARIABLE) if part.strip(" '();:.")]
    pattern = re.compile(".*?".join(parts), re.S)
    return any(pattern.search(text) for text in texts)


def test_every_row_has_a_reason_a_sentence_and_a_test() -> None:
    assert len(ROWS) > 35
    assert [row for row in ROWS if len(row) != 4 or not all(row) or "::" not in row[3]] == []


@pytest.mark.parametrize("sentence", SENTENCES)
def test_the_program_says_the_sentence(sentence: str) -> None:
    assert is_said(sentence, code_texts())


def test_a_sentence_that_nobody_says_would_be_found() -> None:
    assert not is_said("… needs distant code (…), refused", code_texts())
    assert is_said("a … is …", ("so: a 7 is odd",))
    assert not is_said("is … a", ("a 7 is odd",))


@pytest.mark.parametrize(("file", "name"), TESTS)
def test_a_test_that_is_named_exists(file: str, name: str) -> None:
    assert re.search(rf"^ *(?:async )?def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M)
