"""The embedded demo models: two tiny language models of a toy world, so that a fresh machine has something to steer.

This module is torch-free and cheap: it knows where things lie and what a newcomer may type. `python -m core.demo.train`
rebuilds everything under `weights/`.
"""

from pathlib import Path

from core.demo.world.prompts import DISTRACTIONS, EXAMPLES

BASE, INSTRUCT = "demo-base", "demo-instruct"
NAMES = (INSTRUCT, BASE)
WEIGHTS = Path(__file__).parent / "weights"


def folder(name: str) -> Path | None:
    """The checkpoint folder of a demo model, or nothing if the name is not one."""
    return WEIGHTS / name if name in NAMES else None


def example_prompts() -> tuple[str, ...]:
    """Lines the demo models understand, to offer to a newcomer."""
    return EXAMPLES


def example_distractions() -> tuple[str, ...]:
    """Lines to throw in while an answer is on its way, or in a later turn."""
    return DISTRACTIONS


def starter_vectors() -> dict[str, Path]:
    """The vectors that come with the demo models, by name."""
    return {path.stem: path for path in sorted((WEIGHTS / "vectors").glob("*.safetensors"))}
