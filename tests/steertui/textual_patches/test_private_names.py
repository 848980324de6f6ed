"""Names that Textual keeps private: each one used is still there, and they are used in one package only."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from textual import _compositor
from textual.app import App
from textual.css.stylesheet import Stylesheet
from textual.driver import Driver
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.widgets import DataTable

import steertui
from steertui.app import StudioApp
from steertui.config import Settings

ROOT = Path(steertui.__file__).parent
PATCHES = "steertui.textual_patches"
FOLDERS = ("widgets", "screens", "terminal", "textual_patches", "pictures")
ON_CLASSES = (
    (App, "_display"),
    (App, "_background_screens"),
    (Screen, "_compositor_refresh"),
    (ScrollView, "_scroll_update"),
    (_compositor, "ChopsUpdate"),
    (_compositor, "CompositorUpdate"),
    (_compositor, "LayoutUpdate"),
    (_compositor.Compositor, "render_update"),
    (Driver, "write"),
    (DataTable, "_update_dimensions"),
    (DataTable, "_clear_caches"),
)
ON_OBJECTS = (
    ("_running", lambda app: app),
    ("_closed", lambda app: app),
    ("_batch_count", lambda app: app),
    ("_driver", lambda app: app),
    ("_compositor", lambda app: app.screen),
    ("_variables", lambda app: app.stylesheet),
)


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@pytest.mark.parametrize(("owner", "name"), ON_CLASSES)
def test_textual_has_the_name(owner: object, name: str) -> None:
    assert hasattr(owner, name)


@pytest.mark.anyio
@pytest.mark.parametrize(("name", "owner"), ON_OBJECTS)
async def test_what_textual_has_made_has_the_name(name: str, owner: object) -> None:
    app: App[None] = App()
    async with app.run_test():
        assert callable(owner)
        assert hasattr(owner(app), name)


def test_every_private_name_in_the_patches_is_tested() -> None:
    used = {
        node.attr if isinstance(node, ast.Attribute) else node.name
        for path in (ROOT / "textual_patches").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.FunctionDef)
        and private(node.attr if isinstance(node, ast.Attribute) else node.name)
    }
    assert used == {name for _, name in ON_CLASSES if private(name)} | {name for name, _ in ON_OBJECTS}


def modules() -> Iterator[object]:
    yield import_module("steertui.app")
    for folder in FOLDERS:
        package = import_module(f"steertui.{folder}")
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield import_module(found.name)


def own_classes() -> list[type]:
    """Our classes that are made from one of Textual's."""
    return [
        each
        for module in modules()
        for each in vars(module).values()
        if inspect.isclass(each)
        and issubclass(each, MessagePump | Stylesheet)
        and each.__module__ == getattr(module, "__name__", "")
    ]


def textuals_names(owner: type) -> set[str]:
    """The private attributes that the Textual classes of this class have or set."""
    found: set[str] = set()
    for base in owner.__mro__:
        if base.__module__.startswith("textual."):
            found |= names_of(base)
    return found


@cache
def names_of(base: type) -> set[str]:
    """Once for each class: its source is found by parsing its whole module."""
    own = {name for name in vars(base) if private(name)}
    return own | set(re.findall(r"self\.(_[a-z]\w*)", inspect.getsource(base)))


def names_used(owner: type) -> set[str]:
    """The private methods it defines, and the private names it asks of itself, its parts and the app."""
    tree = ast.parse(inspect.getsource(owner))
    return {
        node.attr if isinstance(node, ast.Attribute) else node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute | ast.FunctionDef | ast.AsyncFunctionDef)
        and private(node.attr if isinstance(node, ast.Attribute) else node.name)
    }


def borrowed_names(owner: type) -> set[str]:
    return names_used(owner) & (textuals_names(owner) | {name for name, _ in ON_OBJECTS})


def test_classes_outside_the_patches_borrow_no_private_name() -> None:
    outside = [each for each in own_classes() if not each.__module__.startswith(PATCHES)]
    assert len(outside) > 40
    assert {each.__qualname__: names for each in outside if (names := borrowed_names(each))} == {}


def test_a_borrowed_name_would_be_found() -> None:
    patched = [each for each in own_classes() if each.__module__.startswith(PATCHES)]
    borrowed = set().union(*map(borrowed_names, patched))
    assert {"_display", "_running", "_compositor_refresh", "_scroll_update", "_variables"} <= borrowed


def test_no_module_outside_the_patches_reaches_into_another_object_or_a_private_module() -> None:
    reached = []
    own = {name for name, _ in ON_OBJECTS} | {name for _, name in ON_CLASSES if private(name)}
    for path in sorted(ROOT.rglob("*.py")):
        if path.parent.name == "textual_patches":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            module = isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual._")
            foreign = isinstance(node, ast.Attribute) and node.attr in own and not is_self(node.value)
            if module or foreign:
                reached.append(f"{path.relative_to(ROOT)}: {ast.unparse(node)}")
    assert reached == []


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


@pytest.mark.anyio
async def test_the_app_of_the_studio_uses_the_patches() -> None:
    app = StudioApp("demo-instruct", Path("no.sock"), Settings())
    bases = {base.__module__ for base in type(app).__mro__} | {
        base.__module__ for base in type(app.stylesheet).__mro__
    }
    assert {f"{PATCHES}.frame_hooks", f"{PATCHES}.stylesheet_cache"} <= bases
