"""What the names of a mixer's line stand for: vectors of the library, their poles, and files with a choice inside.

`FILE#shift=-1`, `#part=ID` choose inside a file; `#sha=` with eight or more hex digits names the content.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import UsageError
from core.files import expand_home
from vectors.errors import VectorFileError, printable_name
from vectors.library import library
from vectors.vector import SteeringVector
from vectors.vector_file import read_file

_CHOICE = re.compile(r"(.+)#(shift|part|sha)=([^#]+)", re.DOTALL)
_NOT_READ = re.compile(r".+#(feature|word|row)=.+", re.DOTALL)
_SHA = re.compile(r"[0-9a-f]{8,64}")
_SHIFT = re.compile(r"-?[0-9]{1,4}")


@dataclass(frozen=True)
class NamedVector:
    """A name taken apart: the library name or path, and what is chosen there."""

    base: str
    shift: int | None = None
    part: str | None = None
    sha: str = ""

    @property
    def text(self) -> str:
        """The name again, in one spelling."""
        chosen = [("shift", self.shift), ("part", self.part), ("sha", self.sha or None)]
        return self.base + "".join(f"#{key}={value}" for key, value in chosen if value is not None)


def parse_name(name: str) -> NamedVector:
    """Take a name apart, from the right; a file that is called so wins."""
    base, chosen = name, dict[str, str]()
    while not os.path.lexists(base) and (match := _CHOICE.fullmatch(base)):
        base, key, value = match.groups()
        if key in chosen:
            raise UsageError(f"{printable_name(name)}: #{key}= stands twice")
        chosen[key] = value
    if not os.path.lexists(base) and (match := _NOT_READ.fullmatch(base)):
        raise UsageError(f"{printable_name(name)}: #{match[1]}= is not read yet")
    shift, sha = chosen.get("shift"), chosen.get("sha", "")
    if shift is not None and not _SHIFT.fullmatch(shift):
        raise UsageError(f"{printable_name(name)}: #shift= takes a whole number such as -1")
    if sha and not _SHA.fullmatch(sha):
        raise UsageError(f"{printable_name(name)}: #sha= takes 8 to 64 hex digits")
    return NamedVector(base, None if shift is None else int(shift), chosen.get("part"), sha)


def locate_vector(name: str) -> NamedVector:
    """Where the vector of a name is: in the library, there by a pole or by its content, else in a file."""
    found = parse_name(name)
    known = library.vector_paths()
    if found.base in known:
        if found.sha and not _has_content(known[found.base], found.sha):
            return _by_content(found)
        return found
    # A file is meant by a slash or a suffix; a bare word may be a pole.
    is_path = "/" in found.base or bool(Path(found.base).suffix)
    poles = [] if is_path else _vectors_with_pole(found.base)
    if len(poles) > 1:
        raise UsageError(
            f"{printable_name(found.base)!r} is a pole of {' and '.join(poles)}: name the vector"
        )
    if poles:
        return NamedVector(poles[0], found.shift, found.part, found.sha)
    if found.sha and not os.path.lexists(expand_home(found.base)):
        return _by_content(found)
    return found


def absolute_name(name: str) -> str:
    """The same name for a process in another folder: a path becomes absolute."""
    place = parse_name(name)
    if place.base in library.vector_paths():
        return name
    path = expand_home(place.base)
    return replace(place, base=str(path.absolute())).text if path.exists() else name


def open_vector(name: str) -> SteeringVector:
    """The vector of a name, without a model; poles give the vector itself."""
    place = locate_vector(name)
    path = expand_home(place.base) if "/" in place.base else library.find(place.base)
    vector = read_file(path, shift=place.shift, part=place.part, allow_undecided=True)
    refuse_other_content(vector, place)
    # Of the library it is known by the name it has there, whatever its file says.
    vector = vector.named(place.base) if place.base in library.vector_paths() else vector
    return vector.asked_as(NamedVector(place.base, place.shift, place.part).text)


def refuse_other_content(vector: SteeringVector, place: NamedVector) -> None:
    if not vector.sha256.startswith(place.sha):
        raise VectorFileError(
            f"{printable_name(place.base)} is not the vector that is meant: its sha256 begins "
            f"{vector.sha256[: len(place.sha)]}"
        )


def _vectors_with_pole(word: str) -> list[str]:
    return [
        entry.name for entry in library.list_entries() if entry.card and word in entry.card.about.pole_names
    ]


def _has_content(path: Path, sha: str) -> bool:
    try:
        return read_file(path, allow_undecided=True).sha256.startswith(sha)
    except VectorFileError:
        return False


def _by_content(found: NamedVector) -> NamedVector:
    """The vector of the library that has this content, under whatever name."""
    for name, path in sorted(library.vector_paths().items()):
        if _has_content(path, found.sha):
            return NamedVector(name, sha=found.sha)
    raise VectorFileError(f"no vector of the library has the content that {printable_name(found.text)} names")
