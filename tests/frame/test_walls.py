"""import-linter's contracts are part of `make lint`; here it is made sure that they would notice a breach."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

BREACHES = {
    "core/breach.py": "import vectors\n",
    "vectors/breach.py": "import textual\n",
    "sessions/breach.py": "def late():\n    import steertui\n",
    "steertui/breach.py": "import torch\n",
    "steertui/screens/desk/breach.py": "from steertui.screens.desk.screen import DeskScreen\n",
    "steertui/screens/desk/dialogs/breach.py": "from steertui.screens.desk import screen\n",
}
FOLDERS = ("core", "vectors", "sessions", "steertui/screens/desk/dialogs", "steertui/screens/desk/commands")
DESK = "steertui.screens.desk.screen"


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=house, capture_output=True, text=True, check=False
    )


@pytest.fixture
def empty_house(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True)
        for package in (tmp_path / folder, *(tmp_path / folder).parents):
            if package.is_relative_to(tmp_path) and package != tmp_path:
                (package / "__init__.py").touch()
    (tmp_path / "steertui/screens/desk/screen.py").touch()
    return tmp_path


def test_an_empty_house_keeps_the_contracts(empty_house: Path) -> None:
    done = lint(empty_house)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_noticed(empty_house: Path, breach: str) -> None:
    (empty_house / breach).write_text(BREACHES[breach])
    done = lint(empty_house)
    assert done.returncode == 1
    assert "BROKEN" in done.stdout


def test_a_command_of_the_desk_may_import_its_screen(empty_house: Path) -> None:
    path = empty_house / "steertui/screens/desk/commands/fine.py"
    path.write_text("from steertui.screens.desk.screen import DeskScreen\n")
    done = lint(empty_house)
    assert done.returncode == 0, done.stdout


def modules_imported(source: str) -> set[str]:
    """All imported modules, those for type checking too, which the contracts leave out."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update({node.module, *(f"{node.module}.{alias.name}" for alias in node.names)})
    return found


def test_only_the_commands_of_the_desk_import_its_screen_even_for_types() -> None:
    desk = ROOT / "steertui/screens/desk"
    importers = {
        path.relative_to(desk).parts[0]
        for path in desk.rglob("*.py")
        if DESK in modules_imported(path.read_text(encoding="utf-8"))
    }
    assert importers == {"commands"}


@pytest.mark.parametrize("line", ["from steertui.screens.desk.screen import DeskScreen", f"import {DESK}"])
def test_an_import_for_types_would_be_found(line: str) -> None:
    assert DESK in modules_imported(f"if TYPE_CHECKING:\n    {line}\n")
    assert DESK in modules_imported("from steertui.screens.desk import screen")
