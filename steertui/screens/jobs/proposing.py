"""Where a vector that a job will make may lie: in the library, under the name of what it is made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sessions.offers.offer import Offer, Param

SUFFIX = ".safetensors"


def proposed(offer: Offer, param: Param, texts: Mapping[str, str]) -> str:
    """A file that is not there yet; nothing before there is a name for it, or where none is needed."""
    from vectors import library

    if param.holds != "vector" or not param.required:
        return ""
    others = [each for each in offer.params if each.required and each is not param and texts.get(each.name)]
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(texts[others[0].name]).stem).strip(".-") if others else ""
    if not stem:
        return ""
    taken = library.paths()
    free = next(name for name in _numbered(stem[:80], len(taken) + 1) if name not in taken)
    return str(library.folder() / f"{free}{SUFFIX}")


def _numbered(stem: str, count: int) -> list[str]:
    return [stem, *(f"{stem}-{number}" for number in range(2, count + 2))]
