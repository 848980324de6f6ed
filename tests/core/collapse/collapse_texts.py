"""Texts that a measure of collapse is held to: ordinary ones, loops made by rule, and long greedy answers of a model.

`texts/ordinary-texts.jsonl`: 300 sound texts of 47 kinds, `texts/loops.jsonl`: 67 loops (period, noise, lead-in),
`texts/greedy-long.jsonl`: 24 answers of SmolLM2-135M-Instruct of 256 tokens, its end token suppressed; ten of them
loop. The ids are those of SmolLM2's tokenizer.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

Rows = tuple[dict[str, Any], ...]
REAL_LOOPS = {1, 6, 8, 11, 12, 13, 17, 18, 19, 20}
"""The greedy answers that loop, judged by reading them."""


@cache
def ordinary_texts() -> Rows:
    return _rows("ordinary-texts")


@cache
def planted_loops() -> Rows:
    return _rows("loops")


@cache
def greedy_answers() -> Rows:
    return _rows("greedy-long")


def loops_of(kind: str, noise: float | None = 0) -> Rows:
    return tuple(row for row in planted_loops() if (row["kind"], row["noise"]) == (kind, noise))


def _rows(name: str) -> Rows:
    path = Path(__file__).with_name("texts") / f"{name}.jsonl"
    return tuple(map(json.loads, path.read_text("utf-8").splitlines()))
