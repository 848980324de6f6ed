"""The embedded demo models: two tiny language models of a toy world, so that steering works without a download.

This module is torch-free and cheap: it knows the checkpoint folders and some example prompts.
`python -m tools.demo.train` rebuilds everything under `weights/`.
"""

from pathlib import Path

from core.demo.world.prompts import DISTRACTIONS, EXAMPLES

BASE, INSTRUCT = "demo-base", "demo-instruct"
NAMES = (INSTRUCT, BASE)
WEIGHTS = Path(__file__).parent / "weights"


def checkpoint_folder(name: str) -> Path | None:
    """The checkpoint folder of a demo model, or None if the name is not one."""
    return WEIGHTS / name if name in NAMES else None


def example_prompts() -> tuple[str, ...]:
    """Prompts that the demo models understand, to offer to a new user."""
    return EXAMPLES


def example_distractions() -> tuple[str, ...]:
    """Distractions to inject while an answer is generated, or to send as a later turn."""
    return DISTRACTIONS


def starter_vectors() -> dict[str, Path]:
    """The vector files that come with the demo models, by name."""
    return {path.stem: path for path in sorted((WEIGHTS / "vectors").glob("*.safetensors"))}
