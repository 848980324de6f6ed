"""The user interface: the terminal app, the command line, the engine process and its socket."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

__version__ = "0.2.0"

HOUSE = Path(__file__).resolve().parent.parent


def find_foreign_package(
    packages: tuple[str, ...] = ("core", "vectors", "sessions"), house: Path = HOUSE
) -> str | None:
    """Return an error sentence if one of our packages is missing or another package of that name is found
    first.
    """
    for name in packages:
        spec = find_spec(name)
        if spec is None:
            return f"steertui is incomplete: its package '{name}' is missing; install it again"
        found = Path(spec.origin).resolve().parent if spec.origin else Path("a folder without __init__.py")
        if found != house / name:
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
