"""The folders of the app, one function each, created private on first use; nothing is written elsewhere.

platformdirs decides, so the XDG variables move every folder; `steertui path` prints the result.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs

from core.errors import EngineUnavailable, UsageError
from core.loading import fetched_models

NAME = "steertui"
INDEX = "sessions.db"
PRIVATE = 0o700


def config_folder() -> Path:
    """Settings and keymap, written by the user."""
    return make_private(Path(platformdirs.user_config_dir(NAME)), "XDG_CONFIG_HOME")


def data_folder() -> Path:
    """Data to keep: sessions, vectors and models."""
    return make_private(Path(platformdirs.user_data_dir(NAME)))


def sessions_folder() -> Path:
    """One folder per recorded session."""
    return make_private(data_folder() / "sessions")


def sessions_path() -> Path:
    """The sessions folder, even if it cannot be created: then sessions are not recorded."""
    with suppress(UsageError):
        return sessions_folder()
    return Path(platformdirs.user_data_dir(NAME)) / "sessions"


def index_file() -> Path:
    """The index of the sessions; if it cannot be written, it is kept in memory."""
    with suppress(UsageError):
        return cache_folder() / INDEX
    return Path(platformdirs.user_cache_dir(NAME)) / INDEX


def vectors_folder() -> Path:
    """The vector library."""
    return make_private(data_folder() / "vectors")


def models_folder() -> Path:
    """Fetched models."""
    return make_private(fetched_models.models_folder())


def state_folder() -> Path:
    """Logs and prompt history, which may be deleted."""
    return make_private(Path(platformdirs.user_state_dir(NAME)), "XDG_STATE_HOME")


def cache_folder() -> Path:
    """Measurements that are cheap to repeat."""
    return make_private(Path(platformdirs.user_cache_dir(NAME)), "XDG_CACHE_HOME")


def runtime_folder() -> Path:
    """Sockets and locks: below $XDG_RUNTIME_DIR, else in the state folder, else in a private temporary
    folder; never in one that others can enter.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    # The variable may name a folder that does not exist, for example in a container.
    folder = Path(base) / NAME if base and Path(base).is_dir() else _run_folder()
    make_private(folder, "XDG_RUNTIME_DIR")
    # `mkdir` leaves an existing folder as it is, so its owner and mode are checked here.
    _refuse_shared(folder)
    return folder


def _run_folder() -> Path:
    if folder := _if_writable(lambda: make_private(state_folder() / "run")):
        return folder
    # The temporary folder is shared, so the uid keeps users apart.
    return Path(tempfile.gettempdir()) / f"{NAME}-{os.getuid()}"


def logs_folder() -> Path:
    """The folder of engine logs: the state folder, or the runtime folder if that cannot be written."""
    return _if_writable(state_folder) or runtime_folder()


def _if_writable(folder: Callable[[], Path]) -> Path | None:
    with suppress(UsageError):
        return found if os.access(found := folder(), os.W_OK) else None
    return None


def log_file() -> Path:
    """The file for tracebacks of internal errors."""
    return state_folder() / "steertui.log"


def make_private(folder: Path, variable: str = "XDG_DATA_HOME") -> Path:
    """Create a folder readable by its owner only; the error message names the `variable` that moves it."""
    try:
        # `mode` holds for the last folder only; missing parents get the mode of the umask.
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {folder} ({error.strerror}); set {variable} to a folder you may write to"
        ) from error
    return folder


def _refuse_shared(folder: Path) -> None:
    """Raise if other users could enter, own or redirect the folder of the sockets."""
    # lstat does not follow a link, which its owner could point to another folder later.
    entry = folder.lstat()
    if stat.S_ISLNK(entry.st_mode):
        raise EngineUnavailable(f"the runtime folder {folder} is a symbolic link; remove it")
    if entry.st_uid != os.getuid():
        raise EngineUnavailable(f"the runtime folder {folder} belongs to uid {entry.st_uid}, not to you")
    if stat.S_IMODE(entry.st_mode) & 0o077:
        raise EngineUnavailable(f"the runtime folder {folder} is open to others; run: chmod 700 {folder}")


FOLDERS: dict[str, Callable[[], Path]] = {
    "config": config_folder,
    "sessions": sessions_folder,
    "vectors": vectors_folder,
    "models": models_folder,
    "state": state_folder,
    "cache": cache_folder,
    "runtime": runtime_folder,
    "log": log_file,
}
