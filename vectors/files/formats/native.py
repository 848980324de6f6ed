"""Our own format: safetensors with one unit row per layer, `layer.{L}`, and all metadata as text."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vectors.data import carried
from vectors.data.layer_numbers import ReadOptions, parse_layer_key, place_rows
from vectors.data.metadata import About
from vectors.data.stored import SITE, StoredVector
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers import safetensors
from vectors.files.containers.arrays import Array, as_row

FORMAT = "steertui/1"
WRITER = "native"


def recognizes(metadata: Mapping[str, str]) -> bool:
    return metadata.get("format", "").startswith("steertui/")


def read(tensors: Mapping[str, Array], metadata: Mapping[str, str], choices: ReadOptions) -> StoredVector:
    if metadata["format"] != FORMAT:
        raise VectorFileError(f"written as {printable_name(metadata['format'])}; this version reads {FORMAT}")
    if metadata.get("site", SITE) != SITE:
        raise VectorFileError(f"site {printable_name(metadata['site'])} not usable, only {SITE}")
    rows = {parse_layer_name(name): as_row(parse_layer_name(name), array) for name, array in tensors.items()}
    stored = StoredVector.from_units(
        rows, carried.parse_raw_norms(metadata), format=WRITER, about=About.from_strings(metadata)
    )
    stored = carried.restore_raw(stored, metadata)
    return stored.apply_placement(
        place_rows(rows, 0, "our own file: layer L is the output of block L", choices)
    )


def parse_layer_name(name: str) -> int:
    found = re.fullmatch(r"layer\.(\w+)", name)
    if not found:
        raise VectorFileError(f"tensor name not a layer key: {printable_name(name)}")
    return parse_layer_key(found[1])


def write(stored: StoredVector) -> tuple[bytes, tuple[str, ...]]:
    tensors = {f"layer.{layer}": unit for layer, unit in stored.units.items()}
    own = {"format": FORMAT, "site": SITE, "hidden_size": str(stored.hidden_size)}
    return safetensors.dump(tensors, own | carried.metadata_entries(stored, units_written=True)), ()
