"""What a way of reading takes of memory of its own (RssAnon), in a process that does nothing else.

`python -m bench.anonymous WAY PAIRS DTYPE LAYERS` prints how far its highest reading lies above
the one before it began.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

from vectors.diff.memory_peak import MemoryPeak

LAYERS, FEW, SETTLED = 4, 40, 160
"""Pairs of prompts for a look at every way, and pairs that meet nearly every shape of a batch once: until then memory
grows with the shapes that were seen, whoever asks for them, and in bfloat16 by some megabytes for each."""
STEADY = "ours, batches of one size"
EVERY_S = 0.005


def taken(way: str) -> int:
    """Bytes for few pairs of prompts in float32."""
    return _alone(way, FEW, "float32", LAYERS)


def growth(dtype: str) -> int:
    """Bytes that ours takes more for four times the prompts, through one layer: the others have its shapes."""
    return _alone(STEADY, 4 * SETTLED, dtype, 1) - _alone(STEADY, SETTLED, dtype, 1)


def _alone(way: str, pairs: int, dtype: str, layers: int) -> int:
    words = [sys.executable, "-m", "bench.anonymous", way, str(pairs), dtype, str(layers)]
    return int(subprocess.run(words, check=True, capture_output=True, text=True).stdout)


def measured(run: Any) -> int:
    """Sampled by a thread while it runs."""
    meter, over = MemoryPeak(), threading.Event()

    def watch() -> None:
        while not over.wait(EVERY_S):
            meter.update_peak()

    watcher = threading.Thread(target=watch)
    watcher.start()
    run()
    over.set()
    watcher.join()
    return meter.grown_bytes


def main() -> None:
    import torch

    import core
    from bench import extraction_ways
    from bench.shapes import qwen
    from core.activations.capture import capture

    torch.set_num_threads(1)
    way, pairs, dtype, layers = sys.argv[1], int(sys.argv[2]), getattr(torch, sys.argv[3]), int(sys.argv[4])
    model = core.adopt(qwen(layers, dtype), name="qwen shape")

    def run(texts: list[list[int]]) -> None:
        if way == STEADY:
            capture(model, texts)
        else:
            extraction_ways.ways(model, texts)[way]()

    run(extraction_ways.prompts(1))
    texts = extraction_ways.prompts(pairs)
    print(measured(lambda: run(texts)))


if __name__ == "__main__":
    main()
