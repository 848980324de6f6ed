"""Pairs as a file of ours: one JSON object per line, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from core.errors import UsageError
from core.files import expanded
from vectors.errors import shown
from vectors.files.target import writable
from vectors.texts.pair import Pair

SUFFIX = ".jsonl"


def stored(pairs: Iterable[Pair], out: Path) -> None:
    rows = [{"positive": pair.positive, "negative": pair.negative, "domain": pair.domain} for pair in pairs]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    fresh = out.with_name(f"{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(lines, encoding="utf-8")
        fresh.replace(out)
    except OSError as problem:
        raise UsageError(f"cannot write {shown(out)}: {problem.strerror}") from None


def checked(out: str) -> Path:
    """Known before anything is asked."""
    path = expanded(out)
    if path.suffix.lower() != SUFFIX:
        raise UsageError(f"a contrast set is written as {SUFFIX}, not {shown(path.name)}")
    return writable(path)
