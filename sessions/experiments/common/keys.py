"""Keys in the files that an experiment reads: their texts are used as they are, and their owner is told so."""

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
    """A line for each file; pairs by their texts, packs by their lines."""
    for param in offer.params:
        name = params.get(param.name)
        if name and param.kind == "contrast":
            yield from contrast(name).warnings
        if name and param.kind == "pack" and (held := _count_keys(expand_home(name))):
            yield f"{Path(name).name}: {held} of its lines hold a key; {KEPT}"


def _count_keys(file: Path) -> int:
    """How many hold one; a pack that is no file is ours."""
    text = file.read_text("utf-8", errors="replace") if file.is_file() else ""
    return sum(map(holds_secret, text.splitlines()))
