"""All vector file formats: the container is detected by its bytes, the layout by its contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from vectors.data.layer_numbers import ReadOptions
from vectors.errors import VectorFileError
from vectors.files.containers import gguf as gguf_file
from vectors.files.containers import npy, safetensors, torchfile
from vectors.files.contents import FileContents
from vectors.files.formats import axis, gguf, native, pt, ptdict, stack, svec, tensors
from vectors.files.opening import OpenedFile

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

Reader = Callable[[OpenedFile, ReadOptions], FileContents]
Writer = Callable[["SteeringVector"], tuple[bytes, tuple[str, ...]]]

# The order matters: JSON text may have a brace where a safetensors header begins, and the length of such a
# header may look like the first bytes of a pickle.
READERS: Mapping[str, tuple[Callable[[bytes], bool], Reader]] = {
    "GGUF": (gguf_file.recognizes, gguf.read),
    "torch or numpy zip": (torchfile.recognizes_zip, pt.read),
    "numpy array": (npy.recognizes, pt.read_npy),
    "JSON (.svec)": (svec.recognizes, svec.read),
    "safetensors": (safetensors.recognizes, tensors.read),
    "old torch pickle": (torchfile.recognizes_pickle, pt.read_legacy),
}

WRITERS: Mapping[str, Writer] = {
    native.WRITER: native.write,
    gguf.WRITER: gguf.write,
    "gguf-llamacpp": gguf.write_for_llamacpp,
    ptdict.WRITER: ptdict.write,
    stack.WRITER: stack.write_persona,
    axis.WRITER: axis.write,
    svec.WRITER: svec.write,
}


def reader_for(source: OpenedFile) -> Reader:
    """The reader of the container these bytes begin like; the file's suffix is ignored."""
    head = source.data[:256]
    for recognizes, reader in READERS.values():
        if recognizes(head):
            return reader
    raise VectorFileError(_refusal_reason(source))


def _refusal_reason(source: OpenedFile) -> str:
    if len(source.data) < 16:
        return f"file is truncated ({len(source.data)} bytes)"
    if source.path.suffix == ".gguf":
        return "not a GGUF control vector (its first bytes are not GGUF)"
    if source.path.suffix == ".safetensors":
        return "header is not valid"
    return f"not a vector file; what can be read: {', '.join(READERS)}"
