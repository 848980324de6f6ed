"""The English sets as they were when the figures of earlier reports were measured on them (commit d9f5c90).

Each file holds the pairs as a model reads them, so `vectors.contrast(old_set_path("persona"))` has the hash of
the set that was measured.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "contrasts" / "old_sets"
OLD_SETS = {
    "motivation": "af96b60d255af8b9",
    "persona": "b8ef5fe95f3be020",
    "honesty": "103eee31e0b454b2",
    "questions": "857427aea9a60960",
    "empathy": "45593791b023830c",
    "prescriptiveness": "9ec9894b477ea658",
    "sycophancy": "24fbdf30f796d6af",
    "refusal": "2ee6112ef907cf2c",
    "subjects": "7a70891105d8444e",
}
"""The first 16 digits of each set's hash."""


def old_set_path(name: str) -> Path:
    return FOLDER / f"{name}.jsonl"
