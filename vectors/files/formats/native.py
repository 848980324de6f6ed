"""Our own format: safetensors with one unit row per layer, `layer.{L}`, and all metadata as text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vectors.data import carried
from vectors.data.layer_numbers import Choices, layer_key, place
from vectors.data.metadata import About
from vectors.data.stored import SITE, Stored
from vectors.errors import VectorFileError, shown
from vectors.files.containers import safetensors
from vectors.files.containers.arrays import Array, as_row

FORMAT = "steertui/1"
WRITER = "native"


def claims(metadata: Mapping[str, str]) -> bool:
    return metadata.get("format", "").startswith("steertui/")


def read(tensors: Mapping[str, Array], metadata: Mapping[str, str], choices: Choices) -> Stored:
    if metadata["format"] != FORMAT:
        raise VectorFileError(f"written as {shown(metadata['format'])}; this version reads {FORMAT}")
    if metadata.get("site", SITE) != SITE:
        raise VectorFileError(f"site {shown(metadata['site'])} not usable, only {SITE}")
    rows = {layer_of(name): as_row(layer_of(name), array) for name, array in tensors.items()}
    stored = Stored.from_units(
        rows, carried.raw_norms_of(metadata), format=WRITER, about=About.from_strings(metadata)
    )
    stored = carried.restore_raw(stored, metadata)
    return stored.placed(place(rows, 0, "our own file: layer L is the output of block L", choices))


def layer_of(name: str) -> int:
    found = re.fullmatch(r"layer\.(\w+)", name)
    if not found:
        raise VectorFileError(f"tensor name not a layer key: {shown(name)}")
    return layer_key(found[1])


def write(stored: Stored) -> tuple[bytes, tuple[str, ...]]:
    tensors = {f"layer.{layer}": unit for layer, unit in stored.units.items()}
    own = {"format": FORMAT, "site": SITE, "hidden_size": str(stored.hidden_size)}
    return safetensors.dump(tensors, own | carried.entries_of(stored, units_written=True)), ()
