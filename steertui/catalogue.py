"""Models that can be opened without a download: the demo models, fetched ones and the Hugging Face cache.

Reads only names, sizes and config.json, so listing needs no torch and loads nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import demo
from core.byte_sizes import format_bytes
from core.files import JSON_BYTES, read_utf8
from core.loading.config_guard import DEPTH_KEYS, WIDTH_KEYS
from core.loading.fetched_models import fetched_folders
from sessions.job_specs.kinds.kind import KnownName


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be loaded; `problem` says why it cannot."""

    name: str
    kind: str
    folder: Path
    weight_bytes: int
    architecture: str | None = None
    layers: int | None = None
    hidden_size: int | None = None
    dtype: str | None = None
    problem: str | None = None


def list_models() -> list[ModelEntry]:
    """List the demo models and the fetched ones, then the cached ones by name."""
    return [*_local_models(), *sorted(_cached_models(), key=lambda entry: entry.name.lower())]


def known_models() -> Iterator[KnownName]:
    """The same models as names to choose from, each with its size or its problem."""
    for entry in list_models():
        yield KnownName(entry.name, entry.problem or format_bytes(entry.weight_bytes))


def _local_models() -> Iterator[ModelEntry]:
    for kind, folders in (("demo", demo.checkpoint_folders()), ("fetched", fetched_folders())):
        for name, folder in folders.items():
            if folder.is_dir():
                yield _read_entry(name, kind, folder, folder.iterdir())


def _cached_models() -> Iterator[ModelEntry]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        cache = scan_cache_dir()
    except CacheNotFound:
        return
    for repo in cache.repos:
        # `main` wins over a later revision: it is what a load without a revision takes.
        newest = max(repo.revisions, key=lambda r: ("main" in r.refs, r.last_modified), default=None)
        if repo.repo_type == "model" and newest is not None:
            yield _read_entry(
                repo.repo_id, "cached", newest.snapshot_path, [f.file_path for f in newest.files]
            )


def _read_entry(name: str, kind: str, folder: Path, files: Iterable[Path]) -> ModelEntry:
    # Only safetensors files count: other formats of weights are not loaded.
    weights = sum(path.stat().st_size for path in files if path.suffix == ".safetensors")
    config = _read_config(folder / "config.json")
    # Multimodal configs nest the numbers of the language model in `text_config`.
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else config
    problem = None if config else "no config.json"
    return ModelEntry(
        name=name,
        kind=kind,
        folder=folder,
        weight_bytes=weights,
        architecture=_first_text(config.get("architectures")),
        layers=_int_of(text, *DEPTH_KEYS),
        hidden_size=_int_of(text, *WIDTH_KEYS),
        # transformers has renamed `torch_dtype` to `dtype`, so both are found in checkpoints.
        dtype=_text_of(text, "dtype", "torch_dtype") or _text_of(config, "dtype", "torch_dtype"),
        problem=problem or (None if weights else "no safetensors weights"),
    )


def _read_config(path: Path) -> dict[str, Any]:
    """Read a config.json; anything but a JSON object counts as empty."""
    try:
        found = json.loads(read_utf8(path, JSON_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _int_of(config: Any, *keys: str) -> int | None:
    return next((config[key] for key in keys if isinstance(config.get(key), int)), None)


def _text_of(config: Any, *keys: str) -> str | None:
    return next((config[key] for key in keys if isinstance(config.get(key), str)), None)


def _first_text(names: Any) -> str | None:
    return names[0] if isinstance(names, list) and names and isinstance(names[0], str) else None
