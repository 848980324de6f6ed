"""Folders say what they hold: few files each, no circle between neighbours, imports by string only in registries."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "vectors", "sessions", "steertui")
MOST_FILES = 15
ONE_FILE_AN_ENTRY = {
    "vectors/files/formats",
    "vectors/files/containers",
    "vectors/methods",
    "sessions/experiments",
    "steertui/cli/verbs",
}
"""Folders of families that register one entry a file; they may hold more."""
IMPORTS_BY_STRING = {
    "core/lazy.py": "public names of a package, resolved on first use",
    "sessions/export/__init__.py": "the registry of export formats",
    "sessions/experiments/registry.py": "the registry of experiments",
    "steertui/cli/main.py": "the registry of verbs; the app is imported once a terminal is there",
    "steertui/cli/verbs/attach.py": "the app is imported once a terminal is there",
    "steertui/engine/connect.py": "the engine of this process, which imports torch, only where it is asked for",
}

Graph = Mapping[str, set[str]]


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(tree: ast.AST, known: Mapping[str, Path]) -> set[str]:
    """Modules of ours that are imported anywhere in it, functions included, but for type checking."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.orelse:
                visit(child)
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in known else node.module)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return found & set(known)


def import_graph() -> Graph:
    return {
        name: imported(ast.parse(path.read_text(encoding="utf-8")), MODULES) - {name}
        for name, path in MODULES.items()
    }


GRAPH = import_graph()


def circles(graph: Graph) -> list[list[str]]:
    """Strongly connected components of two and more (Tarjan 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph.get(name, ())):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        # The root of a component: everything above it on the stack reaches it and is reached by it.
        if low[name] == order[name]:
            component = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(component) > 1:
                found.append(sorted(component))

    for name in graph:
        if name not in order:
            visit(name)
    return found


def neighbours(graph: Graph) -> Iterator[tuple[str, Graph]]:
    """For every folder the graph between what lies in it: its modules, and its sub-folders each as one."""
    levels: dict[str, dict[str, set[str]]] = {}
    for name, others in graph.items():
        for other in others:
            here, there = name.split("."), other.split(".")
            depth = next((i for i, (a, b) in enumerate(zip(here, there, strict=False)) if a != b), None)
            if depth:
                level = levels.setdefault(".".join(here[:depth]), {})
                level.setdefault(here[depth], set()).add(there[depth])
    yield from levels.items()


def test_no_circle_of_modules() -> None:
    assert circles(GRAPH) == []


def test_no_two_neighbours_import_each_other() -> None:
    assert {folder: found for folder, graph in neighbours(GRAPH) if (found := circles(graph))} == {}


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"a": {"b"}, "b": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, [["a", "b", "c"]]),
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, []),
    ],
)
def test_a_circle_would_be_found(graph: Graph, found: list[list[str]]) -> None:
    assert circles(graph) == found


def test_two_folders_that_import_each_other_would_be_found() -> None:
    graph = {"core.a.x": {"core.b.y"}, "core.b.z": {"core.a.w"}}
    assert dict(neighbours(graph)) == {"core": {"a": {"b"}, "b": {"a"}}}


def test_an_import_inside_a_function_counts_and_one_for_types_does_not() -> None:
    source = "if TYPE_CHECKING:\n    import core.a\ndef f():\n    from core import b\n"
    assert imported(ast.parse(source), {"core.a": ROOT, "core.b": ROOT, "core": ROOT}) == {"core.b"}


def test_a_folder_holds_at_most_fifteen_files() -> None:
    full = {}
    for folder in {path.parent for path in MODULES.values()}:
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        if len(files) > MOST_FILES and str(folder.relative_to(ROOT)) not in ONE_FILE_AN_ENTRY:
            full[str(folder.relative_to(ROOT))] = len(files)
    assert full == {}


def test_every_folder_says_what_it_holds() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in MODULES.values()
        if path.name == "__init__.py" and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_modules_are_imported_by_string_only_in_registries() -> None:
    by_string = {
        str(path.relative_to(ROOT))
        for path in MODULES.values()
        if "import_module" in (text := path.read_text(encoding="utf-8")) or "__import__" in text
    }
    assert by_string == set(IMPORTS_BY_STRING)


def test_what_is_shipped_imports_no_tools() -> None:
    outside = {"tools", "bench", "tests"}
    found = {
        name: tops
        for name, path in MODULES.items()
        if (tops := outside & set(tops_of(ast.parse(path.read_text(encoding="utf-8")))))
    }
    assert found == {}


def tops_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
