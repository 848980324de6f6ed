"""The real app in a terminal of our own: a pseudo-terminal whose every byte is counted, and folders of its own."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

PATIENCE_S = 120.0
ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|P[^\x1b]*\x1b\\|.)")


class Terminal:
    """`screen` is what was written so far, without its escape sequences; `written` counts all of it."""

    def __init__(self, command: list[str], size: tuple[int, int], env: Mapping[str, str]) -> None:
        self.began = time.monotonic()
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True
        )
        os.close(slave)
        self.written, self._bytes = 0, b""

    @property
    def screen(self) -> str:
        return ESCAPES.sub(b"", self._bytes).decode("utf-8", "replace")

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def forget(self) -> None:
        """Count and look from here on."""
        self.written, self._bytes = 0, b""

    def wait(self, words: str, seconds: float = PATIENCE_S) -> float:
        """Until these were written; the seconds since the app was started."""
        limit = time.monotonic() + seconds
        while words not in self.screen:
            if time.monotonic() > limit or self._process.poll() is not None:
                raise TimeoutError(f"{words!r} never came; the end of what did: {self.screen[-400:]!r}")
            self.listen(0.05)
        return time.monotonic() - self.began

    def rest(self, seconds: float) -> None:
        """Let the app write for so long: a cursor that blinks is never silent."""
        limit = time.monotonic() + seconds
        while (left := limit - time.monotonic()) > 0:
            self.listen(left)

    def listen(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            read = os.read(self._master, 1 << 16)
        except OSError:
            return False
        self.written += len(read)
        self._bytes += read
        return bool(read)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)


@contextmanager
def home() -> Iterator[dict[str, str]]:
    """An environment whose folders are empty and go away afterwards, engine and all."""
    with TemporaryDirectory(prefix="bench-") as place:
        folders = {}
        for name in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"):
            folder = Path(place, name.lower())
            folder.mkdir(mode=0o700)
            folders[f"XDG_{name}"] = str(folder)
        env = {**os.environ, **folders, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        # Without compiled files every start would compile all sources again: nobody's installation does.
        for unwanted in ("NO_COLOR", "TMUX", "PYTHONDONTWRITEBYTECODE"):
            env.pop(unwanted, None)
        try:
            yield env
        finally:
            subprocess.run(
                [sys.executable, "-P", "-m", "steertui", "stop"], env=env, capture_output=True, check=False
            )


def app(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "steertui", *arguments]
