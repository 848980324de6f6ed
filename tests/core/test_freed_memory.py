"""Memory that stays with the process: results of the same size cost no new pages, unless the switch was never set."""

import subprocess
import sys

import pytest

from core.python_child import python_environment

COUNTED = """
import resource
import torch
from core.freed_memory import keep_freed_memory
torch.set_num_threads(1)
if {kept}:
    assert keep_freed_memory()
states = torch.zeros(12, 1024, 1024)
def work():
    for _ in range(5):
        held = [states + number for number in range(4)]
        held = None
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(kept: bool) -> int:
    words = [sys.executable, "-c", COUNTED.format(kept=kept)]
    return int(subprocess.run(words, env=python_environment(), check=True, capture_output=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a switch of glibc")
def test_repeated_results_take_no_new_pages() -> None:
    assert page_faults(kept=True) < 200 < 2000 < page_faults(kept=False)
