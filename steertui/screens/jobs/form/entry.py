"""Converts the text of a form line to a job parameter, or raises the sentence that says what is wrong.

No model is loaded, but files may be read, so it runs off the event loop.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import SteerError, UsageError
from core.files import expand_home
from core.mixer.layer_ranges import parse_layers
from sessions.job_specs.offer import JobParam
from steertui.screens.jobs.form.choosing import NO, YES, step_values

DEEP = 10_000
"""Assumed number of layers while no model is loaded: only the syntax can be checked."""


def value_text(param: JobParam, value: Any) -> str:
    """A parameter's value as text for its line."""
    if value is None:
        return ""
    if param.kind == "flag":
        return YES if value else NO
    if isinstance(value, list | tuple):
        return ",".join(f"{each:g}" for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def read_value(param: JobParam, text: str, n_layers: int) -> Any:
    """The value for the job; raises `UsageError` with the sentence to show under the line."""
    text = text.strip()
    if not text:
        if param.required:
            raise UsageError("a value is required")
        return param.default
    if param.kind == "flag":
        known = step_values(param)
        if text not in known:
            raise UsageError(f"{' or '.join(each or 'nothing' for each in known)}, not {text!r}")
        return text == YES
    value = param.read(text)
    if param.kind not in LOOKS or (param.new and "/" not in value):
        return value
    try:
        return LOOKS[param.kind](value, n_layers)
    except (OSError, ValueError, RuntimeError) as problem:
        raise UsageError(f"{text!r} cannot be checked ({type(problem).__name__})") from problem


def value_problem(param: JobParam, text: str, n_layers: int) -> str:
    """The error in the text of a line; empty if it is valid."""
    try:
        read_value(param, text, n_layers)
    except SteerError as problem:
        return str(problem)
    return ""


def _vector(value: str, n_layers: int) -> str:
    from vectors.library import library

    if value in library.vector_paths():
        return value
    place = library.find(value)
    return _existing(place, "no file")


def _contrast(value: str, n_layers: int) -> str:
    from vectors.contrasts.catalogue import BUILT_IN

    if value in BUILT_IN:
        return value
    return _existing(Path(value), f"neither a file nor a built-in set ({', '.join(BUILT_IN)}):")


def _model(value: str, n_layers: int) -> str:
    """A folder as an absolute path, since the engine may run in another directory; a model name unchanged."""
    folder = expand_home(value)
    if folder.is_dir():
        return str(folder.absolute())
    if value.startswith((".", "/", "~")):
        raise UsageError(f"no folder {value}")
    return value


def _layers(value: str, n_layers: int) -> str:
    parse_layers(value, n_layers or DEEP)
    return value


def _pack(value: str, n_layers: int) -> str:
    """A built-in pack is a plain word; anything that looks like a path has to exist."""
    if "/" not in value and not Path(value).suffix and not Path(value).exists():
        return value
    return _existing(Path(value), "no file")


def _file(value: str, n_layers: int) -> str:
    place = expand_home(value).absolute()
    if place.is_dir():
        raise UsageError(f"{place} is a folder: give the name of a file")
    return _writable(place)


def _folder(value: str, n_layers: int) -> str:
    place = expand_home(value).absolute()
    if place.is_file():
        raise UsageError(f"{place} is a file: give a folder")
    return _writable(place)


def _writable(place: Path) -> str:
    """The path, if it or its nearest existing parent folder is writable."""
    ground = next(
        each for each in (place, *place.parents) if each.exists() and (each != place or each.is_dir())
    )
    if not ground.is_dir() or not os.access(ground, os.W_OK):
        raise UsageError(f"cannot write in {ground}")
    return str(place)


def _existing(place: Path, otherwise: str) -> str:
    full = expand_home(place).absolute()
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
