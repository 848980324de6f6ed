"""The engine's Unix socket: in a private folder, one engine per name, only for the same user."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import stat
import struct
from dataclasses import dataclass
from pathlib import Path

from core.errors import EngineUnavailable, UsageError
from sessions.journal.file_lock import FileLocked, lock_file

LONGEST_PATH = 107
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True)
class EngineSocket:
    """The socket `<runtime>/<name>.sock` and its lock file."""

    folder: Path
    name: str = "main"

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise UsageError(f"an engine's name uses letters, digits, . _ - (at most 40), not {self.name!r}")
        if len(os.fsencode(self.path)) > LONGEST_PATH:
            raise EngineUnavailable(
                f"socket path {self.path} is longer than {LONGEST_PATH} bytes: set XDG_RUNTIME_DIR to a shorter folder"
            )

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.sock"

    def lock(self) -> int:
        """Take the lock for the engine's lifetime; the error names the process that has it."""
        try:
            return lock_file(self.folder / f"{self.name}.lock")
        except FileLocked as held:
            raise EngineUnavailable(f"an engine {self.name!r} is running already (process {held})") from held

    def bind(self) -> socket.socket:
        """Bind the socket while holding the lock: a stale socket is removed, a foreign one refused."""
        refuse_foreign_path(self.path)
        # The lock is held, so no running engine listens at this path.
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # The umask makes the socket private from the start; a later chmod would leave a gap.
        mask = os.umask(0o177)
        try:
            door.bind(str(self.path))
        except OSError as error:
            door.close()
            raise EngineUnavailable(f"cannot open the socket {self.path} ({error.strerror})") from error
        finally:
            os.umask(mask)
        return door


def refuse_foreign_path(path: Path) -> None:
    """Raise if the path is a link, another user's file, or not a socket; a missing path is accepted."""
    try:
        # lstat does not follow links, so a link cannot stand in for the socket.
        entry = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise EngineUnavailable(f"cannot inspect the socket {path} ({error.strerror})") from error
    if stat.S_ISLNK(entry.st_mode):
        raise EngineUnavailable(f"socket {path} is a symbolic link; remove it")
    if entry.st_uid != os.getuid():
        raise EngineUnavailable(f"socket {path} belongs to uid {entry.st_uid}")
    if not stat.S_ISSOCK(entry.st_mode):
        raise EngineUnavailable(f"{path} is not a socket; remove it")


def peer_ids(connection: socket.socket) -> tuple[int, int]:
    """The process id and user id of the other end, from the kernel."""
    # The kernel fills these in at connect time, so the peer cannot forge them.
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    pid, uid, _ = CREDENTIALS.unpack(raw)
    return pid, uid
