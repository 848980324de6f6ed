"""safetensors files: native ones, steering-lite's, and plain ones with tensors named after layers."""

from __future__ import annotations

from vectors.data.layer_numbers import Choices
from vectors.data.stored import Stored
from vectors.files.containers import safetensors
from vectors.files.formats import named, native
from vectors.files.opening import Source


def read(source: Source, choices: Choices) -> Stored:
    file = safetensors.read(source)
    if native.claims(file.metadata):
        return native.read(file.tensors, file.metadata, choices)
    return named.read(file.tensors, choices, "safetensors")
