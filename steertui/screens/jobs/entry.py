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
from sessions.offers.offer import Param
from steertui.screens.jobs.choosing import NO, YES

DEEP = 10_000
"""Layers of a model nobody has loaded: only the notation can be judged."""


def written(param: Param, value: Any) -> str:
    """A value as its line shows it."""
    if param.kind == "flag":
        return YES if value else NO
    if value is None:
        return ""
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
        if text not in (YES, NO):
            raise UsageError(f"{YES} or {NO}, not {text!r}")
        return text == YES
    value = param.read(text)
    look = LOOKS.get(param.kind)
    return look(value, n_layers) if look else value


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
    known = ", ".join(BUILT_IN)
    return _existing(Path(value), f"neither a file nor one of {known}:")


def _model(value: str, n_layers: int) -> str:
    """A folder by its full path: the engine need not stand where this screen does. A name stays a name."""
    folder = Path(value).expanduser()
    if folder.is_dir():
        return str(folder.absolute())
    if value.startswith((".", "/", "~")):
        raise UsageError(f"no folder {value}")
    return value


def _layers(value: str, n_layers: int) -> str:
    parse_layers(value, n_layers or DEEP)
    return value


def _file(value: str, n_layers: int) -> str:
    place = Path(value).expanduser().absolute()
    if place.is_dir():
        raise UsageError(f"{place} is a folder: a file's name is needed")
    ground = next(parent for parent in place.parents if parent.exists())
    if not ground.is_dir() or not os.access(ground, os.W_OK):
        raise UsageError(f"cannot write in {ground}")
    return str(place)


def _existing(place: Path, otherwise: str) -> str:
    try:
        full = place.expanduser().absolute()
        found = full.exists()
    except (OSError, RuntimeError, ValueError):
        found = False
    if not found:
        raise UsageError(f"{otherwise} {place}")
    return str(full)


LOOKS: Mapping[str, Callable[[str, int], str]] = {
    "vector": _vector,
    "contrast": _contrast,
    "model": _model,
    "layers": _layers,
    "file": _file,
}
