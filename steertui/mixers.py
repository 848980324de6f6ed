"""Saved mixers by name: the file that `--mix FILE` takes, with the source of each vector.

A vector is identified by the hash of its content; its name and source only say where to look for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BadInput, SteerError, UsageError
from core.files import FileTooLarge, expand_home, read_utf8, write_atomic
from core.mixer.mixer import Mixer
from sessions.state.mixer_words import mixer_summary
from steertui import paths

SUFFIX = ".json"
LARGEST = 1 << 20
RESERVED = ("desk", "plain")
"""Words of the mixer's line that no preset may have as its name."""
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._ -]{0,63}")
_SHA = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class SavedMixer:
    """A saved mixer; `problem` is set instead of `words` when its file cannot be read."""

    name: str
    path: Path
    words: str = ""
    problem: str = ""


def mixer_folder() -> Path:
    """The folder of saved mixers."""
    return paths.make_private(paths.data_folder() / "mixers")


def valid_name(name: str) -> str:
    word = name.strip().removesuffix(SUFFIX)
    if not _NAME.fullmatch(word):
        raise UsageError(
            f"bad name {name.strip()!r}: letters, digits, spaces and . _ - make a mixer's name (at most 64)"
        )
    if word in RESERVED:
        raise UsageError(f"bad name {word!r}: it has a meaning of its own in --mix")
    return word


def list_mixers() -> list[SavedMixer]:
    """The saved mixers, sorted by name."""
    return [
        _read_entry(path)
        for path in sorted(mixer_folder().glob(f"*{SUFFIX}"), key=lambda path: path.name.lower())
    ]


def _read_entry(path: Path) -> SavedMixer:
    try:
        return SavedMixer(path.stem, path, mixer_summary(read(path)) or "no channels")
    except SteerError as error:
        # All entries lie in one folder, so its path is left out of the sentence.
        return SavedMixer(path.stem, path, problem=str(error).replace(str(path), path.name))


def save(name: str, mixer: Mixer, sources: Mapping[str, str]) -> Path:
    """Write a mixer atomically; replaces one of the same name."""
    state = mixer.to_json()
    for channel in state["channels"]:
        channel["source"] = sources.get(channel["name"], channel["name"])
    target = mixer_folder() / f"{valid_name(name)}{SUFFIX}"
    try:
        write_atomic(target, f"{json.dumps(state, indent=1, allow_nan=False)}\n".encode())
    except OSError as error:
        raise BadInput(f"cannot write {target}: {error.strerror}") from error
    return target


def remove(name: str) -> None:
    path = mixer_folder() / f"{valid_name(name)}{SUFFIX}"
    try:
        path.unlink()
    except OSError as error:
        raise BadInput(f"cannot remove {path}: {error.strerror}") from error


def find(wanted: str) -> Path:
    """The path of a saved mixer by its name, else of a file."""
    named = mixer_folder() / f"{wanted.strip()}{SUFFIX}"
    # Only a plain name is looked up in the folder; a slash makes it a path.
    return named if _NAME.fullmatch(wanted.strip()) and named.is_file() else expand_home(wanted)


def read(path: Path) -> dict[str, Any]:
    """Read a mixer's JSON and check it, since it may have been written by hand."""
    try:
        state = json.loads(read_utf8(path, LARGEST))
        for channel in state["channels"]:
            _check_channel(path, channel)
        # Checks the settings only: the vectors may be missing or large.
        Mixer.from_json(state, lambda name, sha256: None)
    except FileTooLarge as error:
        raise BadInput(f"{path} is larger than any mixer") from error
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    except UsageError as error:
        raise BadInput(f"{path}: {error}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadInput(f"{path} is no saved mixer ({type(error).__name__}: {error})") from error
    return dict(state)


def _check_channel(path: Path, channel: Any) -> None:
    if not isinstance(channel["name"], str):
        raise BadInput(f"{path}: the name of a channel is a text")
    sha = channel.get("sha256")
    if sha is not None and not (isinstance(sha, str) and _SHA.fullmatch(sha)):
        raise BadInput(f"{path}: {channel['name']}: sha256 is no hash")
