"""What the name of a model can mean, known without asking the hub or reading a model."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import ModelError
from core.files import expand_home

HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)


def find_local_model(name: str | Path) -> Path | None:
    """The local folder of this name, None if it can only be on the hub; raises if it can be neither."""
    path = _local_path(name)
    if path is not None and not path.is_dir():
        raise ModelError(f"{name} is a file: a model is a folder with config.json and *.safetensors")
    if path is None and not HUB_ID.fullmatch(str(name)):
        raise ModelError(f"no folder {name}, and that is no name of a model on the hub (owner/model)")
    return path


def _local_path(name: str | Path) -> Path | None:
    """The existing local path of this name, else None, also where ~name or the path is invalid."""
    try:
        path = expand_home(name)
        # An empty name would be the working folder.
        return path if str(name) and path.exists() else None
    except (OSError, RuntimeError):
        return None
