"""An engine process with a scripted model: `python -m tests.steertui.engine.scripted_engine NAME PACE`."""

from __future__ import annotations

import logging
import sys

from steertui import paths
from steertui.engine.process import Engine
from steertui.engine.sockets import Door
from tests.sessions.scripted import Studio

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    name, pace = sys.argv[1], float(sys.argv[2])
    Engine(Door(paths.runtime(), name), Studio(pace=pace), paths.sessions_place(), "scripted").run()
