"""Names of vectors in a line: when they are quoted, and the hash that may follow them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from core.errors import SteerError
from core.mixer.choices import UNITS

FLAGS = ("bypassed", "keep-norm")
PLAIN, ADAPTER = "plain", "adapter"
KEYWORDS = frozenset((*UNITS, *FLAGS, PLAIN, ADAPTER, "desk", "entropy", "surprise"))
NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:e[+-]?[0-9]+)?")
SHORTEST_HASH = 8
_SPECIAL = re.compile(r'[\s@\[\]"<>]')
_FLAG = re.compile(rf"(?:{'|'.join(FLAGS)}):")
_HASHED = re.compile(r"(.+)#sha=([0-9a-f]{8,64})", re.DOTALL)


def needs_quotes(name: str) -> bool:
    """Whether the bare name would be read as something else."""
    return (
        not name
        or name in KEYWORDS
        or name[0] in "+-"
        or _SPECIAL.search(name) is not None
        or NUMBER.fullmatch(name) is not None
        # After a flag and its colon the rest would be read as a term.
        or _FLAG.match(name) is not None
    )


def write_name(name: str) -> str:
    """The name as a line holds it."""
    if not needs_quotes(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def name_of_vector(vector: Any, label: str) -> str:
    """How a line names a vector: as it says itself, else by its own name."""
    return str(getattr(vector, "reference", None) or getattr(vector, "name", None) or label)


def split_hash(name: str) -> tuple[str, str]:
    """A name without its `#sha=`, and the digits of that; empty where there is none."""
    hashed = _HASHED.fullmatch(name)
    return (hashed[1], hashed[2]) if hashed else (name, "")


def find_vector(name: str, find: Callable[[str], Any]) -> tuple[Any, bool]:
    """The vector of a name, and whether the name is its negative pole."""
    base, sha = split_hash(name)
    vector = _with_hash(base, name, sha, find) if sha else find(name)
    poles = tuple(getattr(vector, "poles", ()))
    # A vector whose own name is a pole of it is meant as it is.
    return vector, len(poles) == 2 and base == poles[1] and base != getattr(vector, "name", None)


def _with_hash(base: str, name: str, sha: str, find: Callable[[str], Any]) -> Any:
    """The vector whose content has this hash: under its name, else wherever `find` knows it."""
    try:
        vector = find(base)
        if str(getattr(vector, "sha256", "")).startswith(sha):
            return vector
    except (SteerError, LookupError):
        pass
    return find(name)
