"""Directions: the vector type, its file formats, the library, and what can be measured about a vector.

Names resolve on first use, so that asking for a card or the library never imports torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "SteeringVector": "vectors.vector",
    "VectorFileError": "vectors.errors",
    "About": "vectors.about",
    "Card": "vectors.card",
    "read": "vectors.vector",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'vectors' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_HOMES)
