"""docs/architecture.md follows a keypress through the code; every place it names has to exist under that name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)` · `([\w.]+)`", PAGE)))
FILES = sorted(set(re.findall(r"`((?:core|vectors|sessions|steertui|tests)/[\w/.]+)`", PAGE)))


def names_in(path: Path) -> set[str]:
    """Dotted names of a module's functions, classes, methods and constants."""
    found: set[str] = set()

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                found.add(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                visit(node.body, f"{node.name}.")
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            found.update(prefix + target.id for target in targets if isinstance(target, ast.Name))

    visit(ast.parse(path.read_text(encoding="utf-8")).body, "")
    return found


def test_the_page_names_places() -> None:
    assert len(NAMED) > 15


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_place_on_the_way_exists(file: str, name: str) -> None:
    assert name in names_in(ROOT / file)


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_named_exists(file: str) -> None:
    assert (ROOT / file).exists()


def test_every_room_is_on_the_page() -> None:
    floors = ("core", "vectors", "sessions", "steertui")
    rooms = {
        str(init.parent.relative_to(ROOT)) for floor in floors for init in (ROOT / floor).rglob("__init__.py")
    }
    assert not {room for room in rooms if f"`{room}/`" not in PAGE}
