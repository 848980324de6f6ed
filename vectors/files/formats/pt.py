"""`.pt` files by content: one entry per layout; the first that recognizes the tree reads it."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping

from vectors.data.layer_numbers import ReadOptions
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers import npy, torchfile
from vectors.files.containers.symbols import PickleValue
from vectors.files.containers.torchfile import TorchFile
from vectors.files.contents import FileContents
from vectors.files.formats import axis, capping, named, ptdict, role, stack
from vectors.files.opening import OpenedFile

Layout = tuple[Callable[[PickleValue], bool], Callable[[TorchFile, str, ReadOptions], FileContents]]

LAYOUTS: Mapping[str, Layout] = {
    "capping": (capping.recognizes, capping.read),
    "axis": (axis.recognizes, axis.read),
    "role": (role.recognizes, role.read),
    "pt-dict": (ptdict.recognizes, ptdict.read),
    "stack": (stack.recognizes, stack.read_torch),
}


def read(source: OpenedFile, choices: ReadOptions) -> FileContents:
    """Read a zip: numpy's if it holds arrays, torch's if it holds a pickle."""
    archive = torchfile.open_zip(source)
    if _is_npz(archive):
        arrays = npy.read_archive(archive)
        # A single array without a number in its name holds all layers as rows.
        if len(arrays) == 1 and not any(char.isdigit() for char in next(iter(arrays))):
            return stack.read(next(iter(arrays.values())), source.name, choices, "npz")
        return named.read(arrays, choices, "npz")
    return _read_tree(torchfile.read_zip(source, archive), source, choices)


def read_legacy(source: OpenedFile, choices: ReadOptions) -> FileContents:
    return _read_tree(torchfile.read_legacy(source), source, choices)


def read_npy(source: OpenedFile, choices: ReadOptions) -> FileContents:
    source.require_whole()
    return stack.read(npy.read(source.data), source.name, choices, "npy")


def _is_npz(archive: zipfile.ZipFile) -> bool:
    return any(name.endswith(".npy") for name in archive.namelist())


def _read_tree(file: TorchFile, source: OpenedFile, choices: ReadOptions) -> FileContents:
    for recognizes, reader in LAYOUTS.values():
        if recognizes(file.tree):
            return reader(file, source.name, choices)
    if isinstance(file.tree, dict):
        keys = ", ".join(printable_name(key) for key in list(file.tree)[:4])
        raise VectorFileError(f"no known vector layout has the keys {keys or '(none)'}")
    raise VectorFileError(f"holds {type(file.tree).__name__}, not a vector")
