"""Writes a `.pt` file without torch: the pickle of `torch.save` for dictionaries of float32 tensors."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import TypeAlias

import numpy as np

from vectors.files.containers.arrays import Array
from vectors.files.containers.torchfile import OUR_RECORD

Tree: TypeAlias = "str | int | Array | Mapping[str, Tree] | Mapping[int, Tree]"
ROOT = "vector"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold: the same vector gives the same bytes
# GLOBAL opcodes of the functions and classes that torch's loader allows.
_REBUILD = b"ctorch._utils\n_rebuild_tensor_v2\n"
_STORAGE = b"ctorch\nFloatStorage\n"
_NO_HOOKS = b"ccollections\nOrderedDict\n)R"


class _Pickle:
    """Pickle protocol 2 for text, integers, dictionaries and float32 tensors."""

    def __init__(self) -> None:
        self.storages: list[bytes] = []

    def encode_value(self, value: Tree) -> bytes:
        if isinstance(value, np.ndarray):
            return self._encode_tensor(value)
        if isinstance(value, Mapping):
            items = b"".join(
                self.encode_value(key) + self.encode_value(inner) for key, inner in value.items()
            )
            return b"}(" + items + b"u"
        if isinstance(value, int):
            return b"J" + struct.pack("<i", value)
        text = str(value).encode("utf-8", "replace")
        return b"X" + struct.pack("<I", len(text)) + text

    def _encode_tensor(self, array: Array) -> bytes:
        key = str(len(self.storages))
        self.storages.append(array.astype("<f4", copy=False).tobytes())
        storage = (
            b"("
            + self.encode_value("storage")
            + _STORAGE
            + self.encode_value(key)
            + self.encode_value("cpu")
            + self.encode_value(array.size)
            + b"tQ"
        )
        # numpy counts strides in bytes, torch in elements.
        strides = tuple(step // 4 for step in np.ascontiguousarray(array).strides)
        # The offset is a bare number: the tuple (0,) without its opcodes MARK and TUPLE.
        window = (
            self._encode_tuple((0,))[1:-1] + self._encode_tuple(array.shape) + self._encode_tuple(strides)
        )
        return _REBUILD + b"(" + storage + window + b"\x89" + _NO_HOOKS + b"tR"

    def _encode_tuple(self, numbers: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(map(self.encode_value, numbers)) + b"t"


def dump(value: Tree, note: str) -> bytes:
    """The zip that `torch.load` reads, plus our metadata record, which torch ignores."""
    pickle = _Pickle()
    tree = b"\x80\x02" + pickle.encode_value(value) + b"."
    records = {"data.pkl": tree, "byteorder": b"little", OUR_RECORD: note.encode("utf-8")}
    records |= {f"data/{key}": data for key, data in enumerate(pickle.storages)}
    records["version"] = b"3\n"
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in records.items():
            archive.writestr(zipfile.ZipInfo(f"{ROOT}/{name}", _EPOCH), data)
    return buffer.getvalue()
