"""What the name of a model can mean, known without asking the hub or reading a model."""

from __future__ import annotations

import re
from pathlib import Path

from core import demo
from core.errors import ModelError
from core.files import expand_home
from core.loading.fetched_models import FETCHABLE, fetched_folder

HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)
GGUF_SUFFIX = ".gguf"


def named_folder(name: str) -> Path | None:
    """The folder of a demo or fetched model, by its name; None if the name is neither."""
    return demo.checkpoint_folder(name) or fetched_folder(name)


def find_local_model(name: str | Path) -> Path | None:
    """The local folder or GGUF file of this name, None if it can only be on the hub; raises if it can be none."""
    path = named_folder(str(name)) or _local_path(name)
    if path is not None and not path.is_dir() and not is_gguf(path):
        raise ModelError(
            f"{name} is a file: a model is a folder with config.json and *.safetensors, or a GGUF file"
        )
    if path is None and is_gguf(Path(name)):
        raise ModelError(f"no file {name}")
    if path is None and str(name) in FETCHABLE:
        raise ModelError(f"{name} is not on this machine: steertui models get {name}")
    if path is None and not HUB_ID.fullmatch(str(name)):
        raise ModelError(f"no folder {name}, and that is no name of a model on the hub (owner/model)")
    return path


def canonical_name(name: str) -> str:
    """One name for one model, from wherever it is named: an absolute path if it is a folder or a GGUF file."""
    path = None if named_folder(name) else _local_path(name)
    return str(path.resolve()) if path is not None and (path.is_dir() or is_gguf(path)) else name


def is_gguf(path: Path) -> bool:
    """Whether a path is named like a GGUF file."""
    return path.suffix.lower() == GGUF_SUFFIX


def _local_path(name: str | Path) -> Path | None:
    """The existing local path of this name, else None, also where ~name or the path is invalid."""
    try:
        path = expand_home(name)
        # An empty name would be the working folder.
        return path if str(name) and path.exists() else None
    except (OSError, RuntimeError):
        return None
