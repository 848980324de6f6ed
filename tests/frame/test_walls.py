"""import-linter's contracts are part of `make lint`; here it is made sure that they would notice a breach."""

from __future__ import annotations

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
}


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"
    return subprocess.run(
        [sys.executable, "-c", program], cwd=house, capture_output=True, text=True, check=False
    )


@pytest.fixture
def empty_house(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in ("core", "vectors", "sessions", "steertui"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
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
