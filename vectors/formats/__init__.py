"""Every format a vector is read from or written to: a container is told by its bytes, a layout by what is in
it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vectors.containers import safetensors
from vectors.errors import VectorFileError
from vectors.formats import native, tensors
from vectors.index import Choices
from vectors.source import Source
from vectors.stored import Stored

Reader = Callable[[Source, Choices], Stored]

READERS: Mapping[str, tuple[Callable[[bytes], bool], Reader]] = {
    "safetensors": (safetensors.looks_like, tensors.read),
}

WRITERS: Mapping[str, Callable[[Stored], tuple[bytes, tuple[str, ...]]]] = {
    "native": native.write,
}


def reader_for(source: Source) -> Reader:
    """The reader of the container these bytes begin like, whatever the file is called."""
    head = source.data[:64]
    for claims, reader in READERS.values():
        if claims(head):
            return reader
    raise VectorFileError(f"not a vector file ({', '.join(READERS)} are read)")
