"""From what stands in a form's line to what a job takes, or to the sentence that says why not.

Nothing is loaded for it, but files may be looked at: it runs off the loop.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.bands import parse_layers
from core.errors import SteerError, UsageError
from core.home import expanded
from sessions.offers.offer import Param
from steertui.screens.jobs.choosing import NO, YES, words

DEEP = 10_000
"""Layers of a model nobody has loaded: only the notation can be judged."""


def written(param: Param, value: Any) -> str:
    """A value as its line shows it."""
    if value is None:
        return ""
    if param.kind == "flag":
        return YES if value else NO
    if isinstance(value, list | tuple):
        return ",".join(f"{each:g}" for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def read(param: Param, text: str, n_layers: int) -> Any:
    """The value for the job; raises the sentence that belongs under the line."""
    text = text.strip()
    if not text:
        if param.required:
            raise UsageError("this one is needed")
        return param.default
    if param.kind == "flag":
        known = words(param)
        if text not in known:
            raise UsageError(f"{' or '.join(each or 'nothing' for each in known)}, not {text!r}")
        return text == YES
    value = param.read(text)
    if param.kind not in LOOKS or (param.new and "/" not in value):
        return value
    try:
        return LOOKS[param.kind](value, n_layers)
    except (OSError, ValueError, RuntimeError) as problem:
        raise UsageError(f"{text!r} cannot be looked at ({type(problem).__name__})") from problem


def sentence(param: Param, text: str, n_layers: int) -> str:
    """What is wrong with it; empty when nothing is."""
    try:
        read(param, text, n_layers)
    except SteerError as problem:
        return str(problem)
    return ""


def _vector(value: str, n_layers: int) -> str:
    from vectors import library

    if value in library.paths():
        return value
    place = library.find(value)
    return _existing(place, "no file")


def _contrast(value: str, n_layers: int) -> str:
    from vectors.contrasts.catalogue import BUILT_IN

    if value in BUILT_IN:
        return value
    return _existing(Path(value), f"neither a file nor a built-in set ({', '.join(BUILT_IN)}):")


def _model(value: str, n_layers: int) -> str:
    """A folder by its full path: the engine need not stand where this screen does. A name stays a name."""
    folder = expanded(value)
    if folder.is_dir():
        return str(folder.absolute())
    if value.startswith((".", "/", "~")):
        raise UsageError(f"no folder {value}")
    return value


def _layers(value: str, n_layers: int) -> str:
    parse_layers(value, n_layers or DEEP)
    return value


def _pack(value: str, n_layers: int) -> str:
    """A built-in one is a plain word; what looks like a file has to be one."""
    if "/" not in value and not Path(value).suffix and not Path(value).exists():
        return value
    return _existing(Path(value), "no file")


def _file(value: str, n_layers: int) -> str:
    place = expanded(value).absolute()
    if place.is_dir():
        raise UsageError(f"{place} is a folder: a file's name is needed")
    return _writable(place)


def _folder(value: str, n_layers: int) -> str:
    place = expanded(value).absolute()
    if place.is_file():
        raise UsageError(f"{place} is a file: a folder is needed")
    return _writable(place)


def _writable(place: Path) -> str:
    """It, or the nearest folder above it that is there already."""
    ground = next(
        each for each in (place, *place.parents) if each.exists() and (each != place or each.is_dir())
    )
    if not ground.is_dir() or not os.access(ground, os.W_OK):
        raise UsageError(f"cannot write in {ground}")
    return str(place)


def _existing(place: Path, otherwise: str) -> str:
    full = expanded(place).absolute()
    if not full.exists():
        raise UsageError(f"{otherwise} {place}")
    return str(full)


LOOKS: Mapping[str, Callable[[str, int], str]] = {
    "vector": _vector,
    "contrast": _contrast,
    "model": _model,
    "layers": _layers,
    "file": _file,
    "folder": _folder,
    "pack": _pack,
}
