"""Warnings about API keys in an experiment's input files: the texts are used unchanged, and the user is
warned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.files import expand_home
from core.secrets import holds_secret
from sessions.job_specs.offer import JobSpec
from vectors.contrasts.catalogue import contrast
from vectors.texts.pair import KEPT


def key_warnings(offer: JobSpec, params: Mapping[str, Any]) -> Iterator[str]:
    """One warning per file that contains keys: contrast sets by their texts, packs by their lines."""
    for param in offer.params:
        name = params.get(param.name)
        if name and param.kind == "contrast":
            yield from contrast(name).warnings
        if name and param.kind == "pack" and (count := _count_keys(expand_home(name))):
            yield f"{Path(name).name}: {count} of its lines hold a key; {KEPT}"


def _count_keys(file: Path) -> int:
    """The number of lines with a key; 0 for a built-in pack."""
    text = file.read_text("utf-8", errors="replace") if file.is_file() else ""
    return sum(map(holds_secret, text.splitlines()))
