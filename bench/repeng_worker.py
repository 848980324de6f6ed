"""The other end of `bench.repeng`, run by its environment: reads a model and texts, then one lap per line."""

from __future__ import annotations

import json
import sys
import time
from collections import UserDict
from typing import Any

import numpy as np
import torch

from bench.shapes import qwen

np.float_ = np.float64  # type: ignore[attr-defined]  # a name that numpy 2 dropped and version 0.4.0 still writes
from repeng.extract import DatasetEntry, read_representations  # noqa: E402


class Encoded(UserDict[str, torch.Tensor]):
    """What a tokenizer returns, as far as repeng looks at it."""

    def to(self, device: Any) -> Encoded:
        return Encoded({name: tensor.to(device) for name, tensor in self.items()})


class Numbers:
    """A tokenizer of texts that are numbers; pads on the left, as repeng advises."""

    def __call__(self, texts: list[str], **_: Any) -> Encoded:
        rows = [[int(word) for word in text.split()] for text in texts]
        width = max(map(len, rows))
        ids = torch.tensor([[0] * (width - len(row)) + row for row in rows])
        mask = torch.arange(width) >= torch.tensor([[width - len(row)] for row in rows])
        return Encoded({"input_ids": ids, "attention_mask": mask.long()})


def main() -> None:
    torch.set_num_threads(1)
    asked = json.loads(sys.stdin.readline())
    model = qwen(asked["layers"], getattr(torch, asked["dtype"]))
    words = [" ".join(map(str, text)) for text in asked["texts"]]
    pairs = [
        DatasetEntry(positive=one, negative=other)
        for one, other in zip(words[0::2], words[1::2], strict=True)
    ]
    found = _read(model, pairs)
    _say({"directions": {int(layer): row.tolist() for layer, row in found.items()}})
    for _ in sys.stdin:
        cpu, wall = time.process_time(), time.perf_counter()
        _read(model, pairs)
        _say({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall})


def _read(model: Any, pairs: list[DatasetEntry]) -> dict[int, Any]:
    """Every layer, in its default batches of 32, by the method that keeps the mean."""
    layers = list(range(model.config.num_hidden_layers))
    found: dict[int, Any] = read_representations(model, Numbers(), pairs, layers, method="pca_center")
    return found


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
