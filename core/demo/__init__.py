"""The embedded demo models: two tiny language models of a toy world, so that steering works without a download.

This module is torch-free and cheap: it knows the checkpoint folders and the vector files that come with them.
`python -m tools.demo.train` rebuilds everything under `weights/`.
"""

from pathlib import Path

BASE, INSTRUCT = "demo-base", "demo-instruct"
WEIGHTS = Path(__file__).parent / "weights"


def checkpoint_folders() -> dict[str, Path]:
    """The checkpoint folder of every demo model, by its name."""
    return {name: WEIGHTS / name for name in (INSTRUCT, BASE)}


def checkpoint_folder(name: str) -> Path | None:
    """The checkpoint folder of a demo model, or None if the name is not one."""
    return checkpoint_folders().get(name)


def starter_vectors() -> dict[str, Path]:
    """The vector files that come with the demo models, by name."""
    return {path.stem: path for path in sorted((WEIGHTS / "vectors").glob("*.safetensors"))}
