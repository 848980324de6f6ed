"""Warnings about API keys in an experiment's input files: the texts are used unchanged, and the user is
warned.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.files import GIBI, expand_home, read_utf8
from core.secrets import holds_secret
from sessions.job_specs.offer import JobSpec
from vectors.contrasts.catalogue import contrast
from vectors.texts.pair import KEPT

LARGEST = GIBI


def key_warnings(offer: JobSpec, params: Mapping[str, Any]) -> Iterator[str]:
    """One warning per file that contains keys: contrast sets by their texts, packs by their lines."""
    for param in offer.params:
        name = params.get(param.name)
        if name and param.kind == "contrast":
            yield from contrast(name).warnings
        if name and param.kind == "pack" and (held := _count_keys(expand_home(name))):
            yield f"{Path(name).name}: {held} of its lines hold a key; {KEPT}"


def _count_keys(file: Path) -> int:
    """The number of lines with a key; 0 for a built-in pack and for what cannot be read, which its reader refuses."""
    try:
        return sum(map(holds_secret, read_utf8(file, LARGEST, errors="replace").splitlines()))
    except OSError:
        return 0
