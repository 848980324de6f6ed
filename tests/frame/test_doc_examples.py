"""Python in README and docs: every example parses, and every name it imports from us is there."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [
    pytest.param(example, id=f"{page.name}-{number}")
    for page in PAGES
    for number, example in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
    )
]
PACKAGES = {"core", "vectors", "sessions", "steertui"}


def missing_imports(example: str) -> list[str]:
    """Names that are imported from a module of ours, or used as `core.name`, and do not exist."""
    missing = []
    for node in ast.walk(ast.parse(example)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in PACKAGES:
            module = import_module(node.module)
            missing += [f"{node.module}.{each.name}" for each in node.names if not hasattr(module, each.name)]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            package, name = node.value.id, node.attr
            if package in PACKAGES and not hasattr(import_module(package), name):
                missing.append(f"{package}.{name}")
    return missing


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 2


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_an_example_uses_is_there(example: str) -> None:
    assert missing_imports(example) == []


def test_a_name_that_is_gone_would_be_found() -> None:
    assert missing_imports("from core import Channel, Missing\ncore.load\nvectors.gone") == [
        "core.Missing",
        "vectors.gone",
    ]
