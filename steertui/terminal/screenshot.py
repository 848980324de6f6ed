"""Screenshots as SVG files with unique names."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from steertui import paths


def save(svg: str, folder: Path | None = None) -> Path:
    """Save a screenshot in the data folder, named by the time."""
    folder = folder or paths.make_private(paths.data_folder() / "pictures")
    moment = datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S-%f")
    place = folder / f"steertui-{moment}.svg"
    place.write_text(svg, encoding="utf-8")
    return place
