"""Command and environment of a Python process of ours, which imports nothing from the user's folders.

`python -m` puts the working folder first on the import path, where a `torch.py` would replace torch. An empty or
relative entry of PYTHONPATH means the working folder as well, and lets its `sitecustomize.py` run.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The folder of our packages."""

INSTALLED = ("site-packages", "dist-packages")


def python_command(module: str, *arguments: str) -> list[str]:
    """The words that run a module; use them with `python_environment`."""
    return [sys.executable, "-P", "-m", module, *arguments]


def python_environment(**more: str) -> dict[str, str]:
    """This process's variables and `more`, without the working folder in PYTHONPATH, for the child and its children."""
    # Installed packages are on the child's path anyway; a source tree has to be named.
    own = [] if ROOT.name in INSTALLED else [str(ROOT)]
    listed = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    entries = dict.fromkeys([*own, *(entry for entry in listed if _is_safe_entry(entry))])
    others = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # An empty PYTHONPATH would be the working folder again.
    path = {"PYTHONPATH": os.pathsep.join(entries)} if entries else {}
    return others | {"PYTHONSAFEPATH": "1"} | path | more


def _is_safe_entry(entry: str) -> bool:
    place = Path(entry)
    # Resolved, because a link can also lead to the working folder.
    return place.is_absolute() and place.resolve() != Path().resolve()
