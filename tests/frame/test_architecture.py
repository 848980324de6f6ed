"""docs/architecture.md follows a keypress through the code; every place it names has to exist under that name."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.frame.test_folders import GRAPH, neighbours

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)`\s·\s`([\w.]+)`", PAGE)))
LAYERS_BLOCK = PAGE.partition("## Layers inside a package")[2].split("```")[1]
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


def layers_of(block: str) -> dict[str, list[list[str]]]:
    """Per folder its sub-folders, one list per line; a line that begins at the margin begins with its folder."""
    layers: dict[str, list[list[str]]] = {}
    folder = ""
    for line in block.strip().splitlines():
        words = line.split()
        if not line.startswith(" "):
            folder = words.pop(0)
        layers.setdefault(folder, []).append(words)
    return layers


LAYERS = layers_of(LAYERS_BLOCK)


def sub_folders(folder: str) -> set[str]:
    return {init.parent.name for init in (ROOT / folder).glob("*/__init__.py")}


def upward_imports(graph: Mapping[str, set[str]], layers: list[list[str]]) -> set[tuple[str, str]]:
    """Imports from a folder to one on its own line or above it."""
    line_of = {name: line for line, names in enumerate(layers) for name in names}
    return {
        (name, other)
        for name, others in graph.items()
        for other in others
        if name in line_of and other in line_of and line_of[other] <= line_of[name]
    }


def test_the_page_names_places() -> None:
    assert len(NAMED) > 15


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_place_on_the_way_exists(file: str, name: str) -> None:
    assert name in names_in(ROOT / file)


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_named_exists(file: str) -> None:
    assert (ROOT / file).exists()


def test_every_folder_is_on_the_page() -> None:
    packages = ("core", "vectors", "sessions", "steertui")
    folders = {
        str(init.parent.relative_to(ROOT))
        for package in packages
        for init in (ROOT / package).rglob("__init__.py")
    }
    assert not {folder for folder in folders if f"`{folder}/`" not in PAGE}


def test_every_folder_whose_folders_import_each_other_has_its_layers() -> None:
    several = set()
    for package, graph in neighbours(GRAPH):
        folder = package.replace(".", "/")
        inner = sub_folders(folder)
        if any(name in inner and others & inner for name, others in graph.items()):
            several.add(folder)
    assert several <= LAYERS.keys()


@pytest.mark.parametrize("folder", LAYERS)
def test_a_folder_stands_on_one_line_of_its_layers(folder: str) -> None:
    assert sorted(name for line in LAYERS[folder] for name in line) == sorted(sub_folders(folder))


@pytest.mark.parametrize("folder", LAYERS)
def test_folders_import_only_those_on_lines_below(folder: str) -> None:
    graph = dict(neighbours(GRAPH))[folder.replace("/", ".")]
    assert upward_imports(graph, LAYERS[folder]) == set()


def test_an_import_that_points_up_would_be_found() -> None:
    assert upward_imports({"a": {"b"}, "b": {"a"}, "c": {"b"}}, [["a"], ["b", "c"]]) == {
        ("b", "a"),
        ("c", "b"),
    }
