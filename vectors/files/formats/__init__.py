"""All vector file formats: the container is detected by its bytes, the layout by its contents."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vectors.data.layer_numbers import Choices
from vectors.data.stored import Stored
from vectors.errors import VectorFileError
from vectors.files.containers import gguf as gguf_file
from vectors.files.containers import npy, safetensors, torchfile
from vectors.files.formats import axis, gguf, native, pt, ptdict, stack, svec, tensors
from vectors.files.opening import Source

Reader = Callable[[Source, Choices], Stored]
Writer = Callable[[Stored], tuple[bytes, tuple[str, ...]]]

READERS: Mapping[str, tuple[Callable[[bytes], bool], Reader]] = {
    "GGUF": (gguf_file.looks_like, gguf.read),
    "torch or numpy zip": (torchfile.looks_like_zip, pt.read),
    "numpy array": (npy.looks_like, pt.read_npy),
    "JSON (.svec)": (svec.looks_like, svec.read),
    "safetensors": (safetensors.looks_like, tensors.read),
    "old torch pickle": (torchfile.looks_like_pickle, pt.read_legacy),
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


def reader_for(source: Source) -> Reader:
    """The reader of the container these bytes begin like; the file's suffix is ignored."""
    head = source.data[:256]
    for recognizes, reader in READERS.values():
        if recognizes(head):
            return reader
    raise VectorFileError(_why_none(source))


def _why_none(source: Source) -> str:
    if len(source.data) < 16:
        return f"file is truncated ({len(source.data)} bytes)"
    if source.path.suffix == ".gguf":
        return "not a GGUF control vector (its first bytes are not GGUF)"
    if source.path.suffix == ".safetensors":
        return "header is not valid"
    return f"not a vector file; what can be read: {', '.join(READERS)}"
