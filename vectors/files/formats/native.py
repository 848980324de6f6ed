"""Our own format: safetensors with one raw float32 row per layer, `layer.{L}`, and all metadata as text.

Files of version 1 hold unit rows, their norms, and the steps from unit × norm to the raw row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from vectors.data.layer_numbers import ReadOptions, parse_layer_key, place_rows
from vectors.data.metadata import POST_BEFORE, About
from vectors.data.row import LayerRow, Row, raw_rows, require_direction, unit_rows
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers import safetensors
from vectors.files.containers.arrays import Array, as_row
from vectors.files.contents import FileContents
from vectors.files.formats.our_metadata import metadata_entries, parse_raw_norms, stated_rows
from vectors.files.steps import corrected_rows

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

MARK = "steertui/"
VERSION_1 = "steertui/1"
# The programs that know version 1 alone refuse any other mark in a sentence.
VERSION_2 = "steertui/2"
WRITER = "native"
RULE = "our own file: layer L is the output of block L"

Rows = tuple[dict[int, LayerRow], tuple[str, ...]]


def recognizes(metadata: Mapping[str, str]) -> bool:
    return metadata.get("format", "").startswith(MARK)


def read(tensors: Mapping[str, Array], metadata: Mapping[str, str], choices: ReadOptions) -> FileContents:
    version = metadata["format"]
    if version not in _VERSIONS:
        known = " and ".join(_VERSIONS)
        raise VectorFileError(f"written as {printable_name(version)}; this version reads {known}")
    stored = {
        parse_layer_name(name): as_row(parse_layer_name(name), array) for name, array in tensors.items()
    }
    rows, warnings = _VERSIONS[version](stored, metadata)
    placed = place_rows(rows, 0, RULE, choices)
    about = About.from_strings(metadata)
    return FileContents(rows, WRITER, placed, about, warnings=(*warnings, *placed.warnings))


def _version_1(stored: Mapping[int, Row], metadata: Mapping[str, str]) -> Rows:
    if metadata.get("site", POST_BEFORE) != POST_BEFORE:
        raise VectorFileError(f"site {printable_name(metadata['site'])} not usable, only {POST_BEFORE}")
    rows = unit_rows(stored, parse_raw_norms(metadata))
    # unit × norm misses the raw row by a last bit here and there; the stored steps restore it.
    exact = corrected_rows({layer: row.raw for layer, row in rows.items()}, metadata, "raw_ulps")
    return {layer: LayerRow(exact.get(layer, row.raw), row.stated) for layer, row in rows.items()}, ()


def _version_2(stored: Mapping[int, Row], metadata: Mapping[str, str]) -> Rows:
    return stated_rows(raw_rows(stored), metadata)


_VERSIONS: Mapping[str, Callable[[Mapping[int, Row], Mapping[str, str]], Rows]] = {
    VERSION_1: _version_1,
    VERSION_2: _version_2,
}


def parse_layer_name(name: str) -> int:
    found = re.fullmatch(r"layer\.(\w+)", name)
    if not found:
        raise VectorFileError(f"tensor name not a layer key: {printable_name(name)}")
    return parse_layer_key(found[1])


def write(vector: SteeringVector) -> tuple[bytes, tuple[str, ...]]:
    """A row whose norm is beyond float32 is refused: it could not be read again."""
    tensors = {f"layer.{layer}": require_direction(layer, row.raw) for layer, row in vector.rows.items()}
    own = {"format": VERSION_2, "site": vector.about.site, "hidden_size": str(vector.hidden_size)}
    return safetensors.dump(tensors, metadata_entries(vector) | own), ()
