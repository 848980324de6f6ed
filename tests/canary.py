"""Keys that must never be written: in the environment of every test, and looked for in all that the suite wrote."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.claude_server import CANARY

KEYS = {
    "OPENAI_API_KEY": "sk-proj-canaryOfTheWholeSuite0123456789",
    "HF_TOKEN": "hf_canaryOfTheWholeSuite0123456789",
    "STEERTUI_TEST_SECRET": "no-shape-of-a-key-but-a-canary-all-the-same",
}
"""Variables of every test; Claude's key comes with its server."""


def set_free() -> None:
    os.environ.update(KEYS)


def leaks(folder: Path) -> list[str]:
    """Every file below `folder` that holds one of the keys; what cannot be read is passed over."""
    patterns = [word for key in (*KEYS.values(), CANARY) for word in ("-e", key)]
    look = ["grep", "-rslaF", "--devices=skip", *patterns, str(folder)]
    done = subprocess.run(look, capture_output=True, text=True, check=False)
    return sorted(done.stdout.splitlines())
