"""`.pt` files by content: one entry per layout; the first that recognizes the tree reads it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from vectors.data.layer_numbers import Choices
from vectors.data.stored import Stored
from vectors.errors import VectorFileError, shown
from vectors.files.containers import npy, torchfile
from vectors.files.containers.torchfile import TorchFile
from vectors.files.formats import axis, capping, named, ptdict, role, stack
from vectors.files.opening import Source

Layout = tuple[Callable[[Any], bool], Callable[[TorchFile, str, Choices], Stored]]

LAYOUTS: Mapping[str, Layout] = {
    "capping": (capping.claims, capping.read),
    "axis": (axis.claims, axis.read),
    "role": (role.claims, role.read),
    "pt-dict": (ptdict.claims, ptdict.read),
    "stack": (stack.claims, stack.read_torch),
}


def read(source: Source, choices: Choices) -> Stored:
    """Read a zip: numpy's if it holds arrays, torch's if it holds a pickle."""
    archive = torchfile.open_zip(source)
    if _is_npz(archive):
        arrays = npy.read_archive(archive)
        if len(arrays) == 1 and not any(char.isdigit() for char in next(iter(arrays))):
            return stack.read(next(iter(arrays.values())), source.name, choices, "npz")
        return named.read(arrays, choices, "npz")
    return _read_tree(torchfile.read_zip(source, archive), source, choices)


def read_legacy(source: Source, choices: Choices) -> Stored:
    return _read_tree(torchfile.read_legacy(source), source, choices)


def read_npy(source: Source, choices: Choices) -> Stored:
    source.require_whole()
    return stack.read(npy.read(source.data), source.name, choices, "npy")


def _is_npz(archive: zipfile.ZipFile) -> bool:
    return any(name.endswith(".npy") for name in archive.namelist())


def _read_tree(file: TorchFile, source: Source, choices: Choices) -> Stored:
    for recognizes, reader in LAYOUTS.values():
        if recognizes(file.tree):
            return reader(file, source.name, choices)
    if isinstance(file.tree, dict):
        keys = ", ".join(shown(key) for key in list(file.tree)[:4])
        raise VectorFileError(f"no known vector layout has the keys {keys or '(none)'}")
    raise VectorFileError(f"holds {type(file.tree).__name__}, not a vector")
