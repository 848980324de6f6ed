"""The process ends when it is told to, also when nothing is left that could draw or listen."""

import signal
import subprocess
import sys

import pytest

from steertui.terminal.signals import CODES

STUCK = """
import asyncio, threading
from steertui.terminal.signals import ExitSignals

async def main():
    ExitSignals(lambda code: None)
    print("ready", flush=True)
    with (dead := threading.Condition()):
        dead.wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_loop_that_is_stuck_does_not_keep_the_process(number: signal.Signals) -> None:
    child = subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    child.send_signal(number)
    assert child.wait(timeout=30) == CODES[number]
    child.stdout.close()
