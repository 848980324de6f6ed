"""Writes pairs as a file, one JSON object per line, atomically."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from core.errors import UsageError
from core.files import expand_home, write_atomic
from vectors.contrasts.header import SetHeader
from vectors.errors import printable_name
from vectors.files.target import check_writable, ensure_writable
from vectors.texts.pair import ContrastPair

SUFFIX = ".jsonl"


def save_pairs(pairs: Iterable[ContrastPair], out: Path, header: SetHeader | None = None) -> None:
    """Write the header, if there is one, and the pairs."""
    rows: list[Mapping[str, object]] = [header.to_json()] if header else []
    rows += [{"positive": pair.positive, "negative": pair.negative, "domain": pair.domain} for pair in pairs]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(out, lines.encode("utf-8"))
    except OSError as problem:
        raise UsageError(f"cannot write {printable_name(out)}: {problem.strerror}") from None


def prepare_output(out: str) -> Path:
    """The output path; raises before any work if its suffix is wrong or it cannot be written."""
    return ensure_writable(_require_suffix(expand_home(out)))


def check_output(out: str) -> Path:
    """As `prepare_output`, without creating the folder."""
    return check_writable(_require_suffix(expand_home(out)))


def _require_suffix(path: Path) -> Path:
    if path.suffix.lower() != SUFFIX:
        raise UsageError(f"a contrast set is written as {SUFFIX}, not {printable_name(path.name)}")
    return path
