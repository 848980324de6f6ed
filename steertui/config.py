"""Settings from `config.toml`; an error is reported with file and line before the screen opens.

A project folder may have a `steertui.toml` that overrides the user's file. It is not trusted, so it may
only change how the app looks.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from core.errors import UsageError
from core.files import FileTooLarge, read_regular, write_atomic
from steertui import colour_themes, durations, keymap, paths

FILE, PROJECT_FILE = "config.toml", "steertui.toml"
LARGEST = 256 * 1024
AUTO = "auto"


@dataclass(frozen=True)
class Settings:
    """Every setting with its default."""

    theme: str = AUTO
    """steertui-night, -day, -256, -16, -grey, one of Textual's, or auto: by what the terminal can show."""
    fps: float = 30.0
    """Frames per second at most; 10 suits a slow line."""
    adapt: bool = True
    """Whether slow-line mode turns on automatically when the terminal falls seconds behind."""
    heat: str = "off"
    """How tokens start out coloured: off, background, underline or marks (which need no colour)."""
    mouse: bool = True
    """Whether the app captures the mouse."""
    ascii: bool = False
    """Draw with plain characters only: no blocks, no box lines, no arrows."""
    on_detach: str = "continue"
    """What to do with an answer when the screen detaches: continue, stop, or stop after a time such as 30m."""
    keymap: dict[str, str] = field(default_factory=dict)
    """Keys by action id, as listed by F1 and in docs/keys.md."""


OWN = ("keymap", "on_detach")
"""Settings that a project file must not change."""
HEATS = ("off", "background", "underline", "marks")
NEVER = ("url", "trust", "remote", "key", "token", "path", "command", "editor", "python", "socket")
"""Words that no key of a project file may contain: they concern secrets, programs to run, and trust."""


def load(path: Path | None = None, project: Path | None = None) -> Settings:
    """Read the user's settings and the project's over them; defaults where there is no file."""
    own = path or _user_file()
    said = _read(own) if own else {}
    # The project's file is read last, so that its values replace the user's.
    said |= _read(project or Path.cwd() / PROJECT_FILE, ours=False)
    return Settings(**said)


def _user_file() -> Path | None:
    """The user's file; None if the config folder cannot be made."""
    with suppress(UsageError):
        return paths.config_folder() / FILE
    return None


def _read(path: Path, *, ours: bool = True) -> dict[str, Any]:
    text = _read_text(path)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where, what = _error_position(str(error), text)
        raise UsageError(f"{path}:{where}: this is not TOML: {what}") from error
    return {key: _check_setting(key, value, path, text, ours) for key, value in data.items()}


def _read_text(path: Path) -> str:
    """The text of a settings file; empty where there is none."""
    try:
        data = read_regular(path, LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except FileTooLarge as error:
        raise UsageError(
            f"{path}: larger than {LARGEST // 1024} KB: this cannot be a settings file"
        ) from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: this is not UTF-8 text (byte {data[error.start]:#04x})") from error


def _check_setting(key: str, value: Any, path: Path, text: str, ours: bool) -> Any:
    where = f"{path}:{line_of(key, text)}"
    # Refused before the key is looked up, so that the word alone decides.
    if not ours and (key in OWN or any(word in key.lower() for word in NEVER)):
        raise UsageError(f"{where}: {key!r} is not allowed in project config")
    defaults = {each.name: getattr(Settings(), each.name) for each in fields(Settings)}
    if key not in defaults:
        near = difflib.get_close_matches(key, defaults, n=1)
        raise UsageError(f"{where}: unknown key {key!r}" + (f", did you mean {near[0]!r}?" if near else ""))
    if key == "keymap" and isinstance(value, dict):
        return keymap.check_keymap(value, lambda action: f"{path}:{line_of(action, text)}")
    wanted = type(defaults[key])
    # TOML reads `fps = 30` as an integer, and in Python a bool is an int too.
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, wanted):
        raise UsageError(f"{where}: {key} must be of type {wanted.__name__}, not {type(value).__name__}")
    return _check_range(key, value, where)


def _check_range(key: str, value: Any, where: str) -> Any:
    if key == "fps" and not 1 <= value <= 60:
        raise UsageError(f"{where}: fps must lie between 1 and 60")
    if key == "theme" and value not in (AUTO, *colour_themes.NAMES):
        near = difflib.get_close_matches(value, colour_themes.NAMES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(colour_themes.NAMES)}"
        raise UsageError(f"{where}: unknown theme {value!r}, {hint}")
    if key == "on_detach":
        _check_on_detach(value, where)
    if key == "heat" and value not in HEATS:
        raise UsageError(f"{where}: heat must be {', '.join(HEATS[:-1])} or {HEATS[-1]}")
    return value


def _check_on_detach(value: str, where: str) -> None:
    try:
        durations.parse_on_detach(value)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def line_of(key: str, text: str) -> int:
    """The line of a key or table header; 1 if it is not found."""
    # The key may be quoted, or be a table header in brackets.
    spelt = re.compile(rf"""\s*\[?\s*(["']?){re.escape(key)}\1\s*[\]=]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if spelt.match(line)), 1)


def _error_position(said: str, text: str) -> tuple[int, str]:
    """Line and message of a TOML error; an error at the end of the file names no line."""
    found = re.search(r" \(at line (\d+), column \d+\)", said)
    if found:
        return int(found[1]), said[: found.start()]
    return max(len(text.splitlines()), 1), said.removesuffix(" (at end of document)")


def save_setting(key: str, value: str, path: Path | None = None) -> Path:
    """Write one string setting into the user's file and leave the rest as it is."""
    path = path or paths.config_folder() / FILE
    text = _read_text(path)
    lines, entry = text.splitlines(), f'{key} = "{value}"'
    # Below the first table header the key would belong to that table.
    head = next((n for n, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    spelt = re.compile(rf"\s*{re.escape(key)}\s*=")
    at = next((n for n, line in enumerate(lines[:head]) if spelt.match(line)), None)
    # A new entry goes to the top, which no table can contain.
    lines[slice(at, at + 1) if at is not None else slice(0, 0)] = [entry]
    # The file may be a link into a folder of settings kept elsewhere: that file is written, the link stays.
    write_atomic(path.resolve(), ("\n".join(lines) + "\n").encode("utf-8"))
    return path
