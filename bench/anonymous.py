"""What a way of reading takes of memory of its own (RssAnon), in a process that does nothing else.

`python -m bench.anonymous WAY PAIRS DTYPE LAYERS` prints how far its highest reading lies above
the one before it began.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

from vectors.diff.meter import Meter

LAYERS, FEW = 4, 10
FEW_IN_BFLOAT16 = 80
"""Enough to meet nearly every width of a batch once: oneDNN keeps some megabytes for each, whoever asks for it."""
EVERY_S = 0.005


def grown(way: str) -> tuple[int, int]:
    """Bytes for few pairs of prompts in float32, and for four times as many."""
    few, many = (_alone(way, pairs, "float32", LAYERS) for pairs in (FEW, 4 * FEW))
    return few, many


def grown_in_bfloat16(way: str) -> tuple[int, int]:
    """The same in bfloat16, through one layer: the others have the shapes of the first."""
    few, many = (_alone(way, pairs, "bfloat16", 1) for pairs in (FEW_IN_BFLOAT16, 4 * FEW_IN_BFLOAT16))
    return few, many


def _alone(way: str, pairs: int, dtype: str, layers: int) -> int:
    words = [sys.executable, "-m", "bench.anonymous", way, str(pairs), dtype, str(layers)]
    return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def measured(run: Any) -> int:
    """Sampled by a thread while it runs."""
    meter, over = Meter(), threading.Event()

    def watch() -> None:
        while not over.wait(EVERY_S):
            meter.look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    run()
    over.set()
    watcher.join()
    return meter.grown


def main() -> None:
    import torch

    import core
    from bench import extraction
    from bench.shapes import qwen

    torch.set_num_threads(1)
    way, pairs, dtype, layers = sys.argv[1], int(sys.argv[2]), getattr(torch, sys.argv[3]), int(sys.argv[4])
    model = core.adopt(qwen(layers, dtype), name="qwen shape")
    extraction.ways(model, extraction.prompts(1))[way]()
    print(measured(extraction.ways(model, extraction.prompts(pairs))[way]))


if __name__ == "__main__":
    main()
