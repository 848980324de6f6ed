"""The program, the package and the newest heading of the changelog have the same version."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import steertui

ROOT = Path(__file__).resolve().parents[2]


def test_the_version_is_the_same_everywhere() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    newest = re.search(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest is not None
    assert steertui.__version__ == package == newest[1]
