"""safetensors files: native ones, steering-lite's, and plain ones with tensors named after layers."""

from __future__ import annotations

from vectors.data.layer_numbers import ReadOptions
from vectors.files.containers import safetensors
from vectors.files.contents import FileContents
from vectors.files.formats import named, native
from vectors.files.opening import OpenedFile


def read(source: OpenedFile, choices: ReadOptions) -> FileContents:
    file = safetensors.read(source)
    if native.recognizes(file.metadata):
        return native.read(file.tensors, file.metadata, choices)
    return named.read(file.tensors, choices, "safetensors")
