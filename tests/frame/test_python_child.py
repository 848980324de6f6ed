"""Every Python that the program starts is started by `core.python_child`, so that no folder of the user's is on its
path.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "vectors", "sessions", "steertui")
STARTER = "core/python_child.py"
NO_PYTHON = {
    "steertui/terminal/abilities.py": "tmux",
    "steertui/terminal/clipboard.py": "tmux",
    "steertui/terminal/editor.py": "the user's editor",
}
"""Modules that start something else."""

STARTS = {"Popen", "run", "call", "check_call", "check_output"}
OTHER_WAYS = {"multiprocessing", "runpy", "pty", "torch.multiprocessing", "concurrent.futures.process"}
OTHER_CALLS = ("exec", "spawn", "posix_spawn", "system", "popen", "fork", "forkpty")


def modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def problems(name: str, tree: ast.Module) -> Iterator[str]:
    """What in a module starts a Python by other means."""
    for node in ast.walk(tree):
        text = (
            ast.unparse(node)
            if isinstance(node, (ast.Attribute, ast.Call, ast.Import, ast.ImportFrom))
            else ""
        )
        if text == "sys.executable":
            yield f"{name}:{node.lineno} {text}"
        if isinstance(node, ast.Import) and any(alias.name in OTHER_WAYS for alias in node.names):
            yield f"{name}:{node.lineno} {text}"
        if isinstance(node, ast.ImportFrom) and (node.module in OTHER_WAYS or "ProcessPoolExecutor" in text):
            yield f"{name}:{node.lineno} {text}"
        if isinstance(node, ast.Call):
            yield from call_problems(name, node)


def call_problems(name: str, call: ast.Call) -> Iterator[str]:
    target = call.func
    if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
        return
    if target.value.id == "os" and target.attr.startswith(OTHER_CALLS):
        yield f"{name}:{call.lineno} os.{target.attr}"
    if target.value.id == "subprocess" and target.attr in STARTS and name not in NO_PYTHON:
        env = next((ast.unparse(word.value) for word in call.keywords if word.arg == "env"), "")
        if env not in ("python_environment()", "python_environment(**variables)"):
            yield f"{name}:{call.lineno} subprocess.{target.attr} without env=python_environment()"


@pytest.mark.parametrize(
    "line",
    [
        "subprocess.run([sys.executable, '-m', 'x'], env=python_environment())",
        "subprocess.Popen(['python', '-m', 'x'])",
        "import multiprocessing",
        "from concurrent.futures import ProcessPoolExecutor",
        "os.execv('python', [])",
        "os.posix_spawn('python', [], {})",
    ],
)
def test_the_search_would_find_a_careless_start(line: str) -> None:
    assert list(problems("x.py", ast.parse(line)))


def test_every_python_is_started_in_one_way() -> None:
    found = [hit for name, tree in modules() if name != STARTER for hit in problems(name, tree)]
    assert found == []


def test_the_exceptions_are_still_there() -> None:
    using = {name for name, tree in modules() if "import subprocess" in ast.unparse(tree)}
    assert set(NO_PYTHON) <= using
    words = {name: ast.unparse(tree) for name, tree in modules() if name in NO_PYTHON}
    assert not [name for name, text in words.items() if "python" in text.lower().replace("python_", "")]
