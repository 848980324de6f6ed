"""The user interface: the terminal app, the command line, the engine process and its socket."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

__version__ = "0.2.0"


def drop_working_folder() -> None:
    """Take the working folder off the import path where `python -m steertui` has put it, unless it holds us.

    Somebody else's `torch.py` or `core/` may lie there. A program that imports steertui keeps its path.
    """
    # `pathlib` is imported only below, after the folder that might shadow it is off the path.
    ours = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
    module = sys.orig_argv[sys.orig_argv.index("-m") + 1] if "-m" in sys.orig_argv[:-1] else ""
    # Python calls the program "-m" until it has found the module, that is only while our packages are imported.
    starting = sys.argv[:1] == ["-m"] and module.split(".")[0] == "steertui"
    if starting and not sys.flags.safe_path and os.path.realpath(sys.path[0]) != ours:
        del sys.path[0]


drop_working_folder()

from importlib.util import find_spec  # noqa: E402
from pathlib import Path  # noqa: E402

REPO_ROOT = Path(__file__).resolve().parent.parent


def find_foreign_package(
    packages: tuple[str, ...] = ("core", "vectors", "sessions"), root: Path = REPO_ROOT
) -> str | None:
    """Return an error sentence if one of our packages is missing or another package of that name is found
    first.
    """
    for name in packages:
        spec = find_spec(name)
        if spec is None:
            return f"steertui is incomplete: its package '{name}' is missing; install it again"
        # A namespace package has no origin: it is a folder of that name without __init__.py.
        found = Path(spec.origin).resolve().parent if spec.origin else Path("a folder without __init__.py")
        if found != root / name:
            return (
                f"steertui found a package '{name}' that is not its own: {found}; "
                "install steertui in an environment of its own, or start it from another folder"
            )
    return None


if _sentence := find_foreign_package():
    raise ImportError(_sentence)

if TYPE_CHECKING:
    from steertui.engine.connect import connect as connect
else:
    from core.lazy import lazy_exports

    __getattr__, __dir__ = lazy_exports(__name__, {"connect": "steertui.engine.connect"})
