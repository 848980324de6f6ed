"""Settings from `config.toml`: data only, and a mistake is named with its file and line before the screen opens."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from core.errors import UsageError
from steertui import keymap, paths
from steertui.themes import DEFAULT

FILE = "config.toml"


@dataclass(frozen=True)
class Settings:
    """What can be set, with what it is when nobody says anything."""

    theme: str = DEFAULT
    """A theme by name: steertui-night, steertui-day, or one of Textual's."""
    fps: float = 30.0
    """Frames per second at most; 10 for a slow line."""
    heat: str = "off"
    """How tokens start out coloured: off, background or underline."""
    mouse: bool = True
    """Whether the mouse is taken from the terminal."""
    ascii: bool = False
    """Draw with plain characters only: no blocks, no box lines, no arrows."""
    keymap: dict[str, str] = field(default_factory=dict)
    """Keys by action id, as listed by F1."""


def load(path: Path | None = None) -> Settings:
    """The settings in force; the built-in ones when there is no file."""
    path = path or paths.config() / FILE
    if not path.is_file():
        return Settings()
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    return Settings(**{key: _checked(key, value, path, text) for key, value in data.items()})


def _checked(key: str, value: Any, path: Path, text: str) -> Any:
    where = f"{path}:{_line(key, text)}"
    defaults = {each.name: getattr(Settings(), each.name) for each in fields(Settings)}
    if key not in defaults:
        near = difflib.get_close_matches(key, defaults, n=1)
        raise UsageError(f"{where}: unknown key {key!r}" + (f", did you mean {near[0]!r}?" if near else ""))
    if key == "keymap" and isinstance(value, dict):
        return keymap.checked(value, where)
    wanted = type(defaults[key])
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, wanted):
        raise UsageError(f"{where}: {key} must be of type {wanted.__name__}, not {type(value).__name__}")
    return _in_range(key, value, where)


def _in_range(key: str, value: Any, where: str) -> Any:
    if key == "fps" and not 1 <= value <= 60:
        raise UsageError(f"{where}: fps must lie between 1 and 60")
    if key == "heat" and value not in ("off", "background", "underline"):
        raise UsageError(f"{where}: heat must be off, background or underline")
    return value


def _line(key: str, text: str) -> int:
    """Where a top-level key stands; tables count by their header."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().lstrip("[").split("=")[0].split("]")[0].strip().strip('"') == key:
            return number
    return 1
