"""What a way of reading takes of memory of its own (RssAnon), in a process that does nothing else.

`python -m bench.anonymous WAY PAIRS` prints how far its highest reading lies above the one before it began. In float32:
oneDNN keeps some megabytes for every shape of a bfloat16 product it has met, whoever asks for it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

from vectors.diff.meter import Meter

FEW, MANY = 10, 40
EVERY_S = 0.005


def grown(way: str) -> tuple[int, int]:
    """Bytes for few pairs of prompts, and for four times as many."""
    few, many = (_alone(way, pairs) for pairs in (FEW, MANY))
    return few, many


def _alone(way: str, pairs: int) -> int:
    words = [sys.executable, "-m", "bench.anonymous", way, str(pairs)]
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
    way, pairs = sys.argv[1], int(sys.argv[2])
    model = core.adopt(qwen(extraction.LAYERS), name="qwen shape")
    extraction.ways(model, extraction.prompts(1))[way]()
    print(measured(extraction.ways(model, extraction.prompts(pairs))[way]))


if __name__ == "__main__":
    main()
