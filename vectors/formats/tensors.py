"""safetensors files: native ones, steering-lite's, and plain ones with tensors named after layers."""

from __future__ import annotations

from vectors.containers import safetensors
from vectors.formats import named, native
from vectors.index import Choices
from vectors.source import Source
from vectors.stored import Stored


def read(source: Source, choices: Choices) -> Stored:
    file = safetensors.read(source)
    if native.claims(file.metadata):
        return native.read(file.tensors, file.metadata, choices)
    return named.read(file.tensors, choices, "safetensors")
