"""An engine process with a scripted model: `python -m tests.steertui.engine.scripted_engine NAME PACE [WITNESS]`.

WITNESS is a file that outlives a kill: the moment of every token, on the clock that all processes of a machine share.
"""

from __future__ import annotations

import logging
import os
import struct
import sys
import time
from collections.abc import Callable

from steertui import paths
from steertui.engine.process import EngineProcess
from steertui.engine.sockets import EngineSocket
from tests.sessions.scripted import Studio


def witnessed(pace: float, file: str) -> Callable[[], None]:
    """Waits before a token as the studio does, and writes down when it is made."""
    line = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def wait() -> None:
        time.sleep(pace)
        os.write(line, struct.pack("d", time.monotonic()))

    return wait


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    name, pace = sys.argv[1], float(sys.argv[2])
    wait = witnessed(pace, sys.argv[3]) if len(sys.argv) > 3 else None
    EngineProcess(
        EngineSocket(paths.runtime_folder(), name), Studio(pace, wait), paths.sessions_path(), "scripted"
    ).run()
