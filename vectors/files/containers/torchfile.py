"""`.pt` files without torch: a zip (or the older bare pickles) whose tensors are views of stored bytes."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from io import BytesIO

import numpy as np

from core.byte_sizes import format_bytes
from vectors import limits
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers.arrays import BYTES_PER, Array, as_float32, count_elements
from vectors.files.containers.symbols import (
    PickleDict,
    PickleValue,
    TensorRef,
    TensorStorage,
    UnsupportedTensor,
)
from vectors.files.containers.unpickler import Unpickler
from vectors.files.opening import OpenedFile

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
PICKLE_BYTES = 16 * limits.MEBI
MOST_RECORDS = 4096
OUR_RECORD = "steertui.json"
_ZIP_TROUBLE = (
    zipfile.BadZipFile,
    zlib.error,
    ValueError,
    RuntimeError,
    EOFError,
    OSError,
    struct.error,
    IndexError,
)


class TorchFile:
    """The saved object, with tensors still as references, and the storage bytes they refer to."""

    def __init__(self, tree: PickleValue, storages: Mapping[str, bytes], note: str = "") -> None:
        self.tree, self.storages, self.note = tree, storages, note
        self.elements_read = 0

    @property
    def entries(self) -> PickleDict:
        """The saved object, where it has to be a dictionary."""
        if not isinstance(self.tree, dict):
            raise VectorFileError(f"holds {type(self.tree).__name__}, not a dictionary")
        return self.tree

    def array(self, label: str, leaf: PickleValue) -> Array:
        """The numbers of one tensor; `label` names it in error messages."""
        if isinstance(leaf, UnsupportedTensor):
            raise VectorFileError(f"{label}: {leaf.kind} not usable")
        if not isinstance(leaf, TensorRef):
            raise VectorFileError(f"{label} is not a tensor")
        if leaf.storage.dtype not in BYTES_PER:
            raise VectorFileError(f"{label}: dtype {printable_name(leaf.storage.dtype)} not usable")
        # An empty tensor reads nothing, so its storage may be missing.
        if count_elements(leaf.storage.key, leaf.shape) == 0:
            return np.zeros(leaf.shape, np.float32)
        return self._strided_view(leaf, self._storage_bytes(leaf.storage))

    def _storage_bytes(self, storage: TensorStorage) -> memoryview:
        stored, declared = self.storages.get(storage.key, b""), storage.elements * BYTES_PER[storage.dtype]
        if len(stored) < declared:
            label = f"tensor {printable_name(storage.key)}"
            raise VectorFileError(f"{label}: {len(stored):,} bytes stored, {declared:,} declared")
        return memoryview(stored)[:declared]

    def _strided_view(self, ref: TensorRef, stored: memoryview) -> Array:
        """The strided view, copied, so that many small views of a large storage stay cheap."""
        # The distance from the first element to the last that the strides reach.
        span = 1 + sum((extent - 1) * step for extent, step in zip(ref.shape, ref.strides, strict=True))
        width = BYTES_PER[ref.storage.dtype]
        if (ref.offset + span) * width > len(stored):
            raise VectorFileError(
                f"tensor {printable_name(ref.storage.key)} reaches beyond what is stored of it"
            )
        # Counted over the whole file: many views of one storage could add up to any size.
        self.elements_read = count_elements(ref.storage.key, (self.elements_read + span,))
        numbers = as_float32(stored[ref.offset * width : (ref.offset + span) * width], ref.storage.dtype)
        # torch counts strides in elements, numpy in bytes.
        steps = tuple(4 * step for step in ref.strides)
        return np.array(np.lib.stride_tricks.as_strided(numbers, ref.shape, steps, writeable=False))


def recognizes_zip(head: bytes) -> bool:
    return head.startswith(b"PK")


def recognizes_pickle(head: bytes) -> bool:
    return bool(re.match(rb"\x80[\x00-\x05]|\(*[ci][\w.]+\n[\w.]+\n", head))


def open_zip(source: OpenedFile) -> zipfile.ZipFile:
    """The archive, after checking its entry count and expanded size; no entry is opened before."""
    source.require_whole()
    # Counted in the raw bytes, because opening the archive already makes an object per record.
    if source.data.count(b"PK\x01\x02") > MOST_RECORDS:
        raise VectorFileError(f"more than {MOST_RECORDS:,} records in one file")
    try:
        archive = zipfile.ZipFile(BytesIO(source.data))
    except _ZIP_TROUBLE:
        raise VectorFileError(f"file is truncated ({len(source.data):,} bytes)") from None
    # A small zip can claim to expand to any size.
    expanded, limit = sum(record.file_size for record in archive.infolist()), 4 * limits.ELEMENTS
    if expanded > limit:
        raise VectorFileError(f"expands to {format_bytes(expanded)}, limit {format_bytes(limit)}")
    return archive


def read_record(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except (*_ZIP_TROUBLE, KeyError, NotImplementedError):
        raise VectorFileError(f"record {printable_name(name)} is damaged") from None


def read_zip(source: OpenedFile, archive: zipfile.ZipFile) -> TorchFile:
    names = archive.namelist()
    pickles = [name for name in names if name.endswith("/data.pkl") or name == "data.pkl"]
    if not names:
        raise VectorFileError("an empty zip")
    if not pickles:
        raise VectorFileError("a zip without data.pkl is not a torch file")
    # The root folder is named after the saved file, so it is recognised by the pickle in it.
    root = pickles[0].removesuffix("data.pkl")
    if archive.getinfo(pickles[0]).file_size > PICKLE_BYTES:
        raise VectorFileError(f"its pickle is larger than {format_bytes(PICKLE_BYTES)}")
    tree = Unpickler(read_record(archive, pickles[0])).run()
    if f"{root}byteorder" in names and read_record(archive, f"{root}byteorder") != b"little":
        raise VectorFileError("written on a big-endian machine; save it again on this one")
    data = f"{root}data/"
    storages = {
        name.removeprefix(data): read_record(archive, name) for name in names if name.startswith(data)
    }
    own = f"{root}{OUR_RECORD}"
    note = read_record(archive, own).decode("utf-8", "replace") if own in names else ""
    return TorchFile(tree, storages, note)


def read_legacy(source: OpenedFile) -> TorchFile:
    """Files of torch before 1.6: consecutive pickles, then the storages in the order of the last pickle."""
    source.require_whole()
    machine = Unpickler(source.data[: PICKLE_BYTES * 8])
    first = machine.run()
    if first != LEGACY_MAGIC:
        raise VectorFileError("a bare pickle, not a torch file")
    # After the magic number: protocol version, system information, the object, the storage keys.
    _, _, tree, keys = (machine.run() for _ in range(4))
    storages, dtypes, at = {}, _storage_dtypes(machine), machine.at
    for key in keys if isinstance(keys, list) else ():
        (elements,) = struct.unpack("<q", source.data[at : at + 8].ljust(8, b"\0"))
        # An unknown dtype gets an impossible length, and thereby the error below.
        length = elements * BYTES_PER.get(dtypes.get(str(key), ""), 1 << 62)
        if not 0 <= length <= len(source.data) - at - 8:
            raise VectorFileError(f"file is truncated ({len(source.data):,} bytes)")
        storages[str(key)] = source.data[at + 8 : at + 8 + length]
        at += 8 + length
    return TorchFile(tree, storages)


def _storage_dtypes(machine: Unpickler) -> dict[str, str]:
    return {storage.key: storage.dtype for storage in machine.storages}
