"""`python -m steertui.pictures [NAME …]` takes the pictures of docs/ again, in temporary user
folders.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.python_child import python_command, python_environment
from steertui import REPO_ROOT

FOLDERS = ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR")


def main(names: list[str], folder: Path = REPO_ROOT / "docs" / "pictures") -> None:
    from steertui.pictures import drawing, film
    from steertui.pictures.scenes import FILM, STILLS

    reel, size, scene = FILM
    wanted = names or [*STILLS, reel]
    folder.mkdir(exist_ok=True)
    for name in wanted:
        text = (
            film.animated_svg(_run_scene(size, scene))
            if name == reel
            else drawing.still_svg(_run_scene(*STILLS[name]))
        )
        (folder / f"{name}.svg").write_text(text, encoding="utf-8")
        sys.stdout.write(f"{name}.svg: {len(text.encode()) / 1000:.0f} kB\n")


def _run_scene(size: tuple[int, int], scene: Callable[[Any], Awaitable[Any]]) -> Any:
    """Run a scene in a fresh home folder and return its pictures."""
    from steertui.pictures.camera import open_recorder

    async def take() -> Any:
        async with open_recorder(size) as on:
            return await scene(on)

    with TemporaryDirectory(prefix="pictures-") as home:
        for name in FOLDERS:
            place = Path(home, name.lower())
            place.mkdir(mode=0o700)
            # The app and the engine it starts read their folders from these variables.
            os.environ[f"XDG_{name}"] = str(place)
        try:
            return asyncio.run(take())
        finally:
            # The engine is a process of its own and would outlive the temporary folder.
            subprocess.run(
                python_command("steertui", "stop"), env=python_environment(), capture_output=True, check=False
            )


if __name__ == "__main__":
    main(sys.argv[1:])
