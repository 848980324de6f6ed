"""GGUF control vectors (repeng, llama.cpp, Dialz, EasySteer, jukofyork): a tensor `direction.{L}` per layer.

repeng, Dialz and EasySteer number by block output, as we do, and llama.cpp adds `direction.N` at the
output of block N. Files of llama.cpp's own generator and of jukofyork are one higher than the block they
were read at; the bytes do not prove it, so the card lists the hints and `--shift -1` corrects it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.loading.gguf.header import INT32
from vectors.data.layer_numbers import ReadOptions, parse_layer_key, place_rows
from vectors.data.metadata import About
from vectors.data.row import LayerRow, raw_rows
from vectors.errors import VectorFileError, printable_name
from vectors.files.containers import gguf
from vectors.files.containers.arrays import as_row
from vectors.files.containers.gguf import GgufValue
from vectors.files.contents import FileContents
from vectors.files.formats import our_metadata
from vectors.files.opening import OpenedFile

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

WRITER = "gguf"
OURS = "steertui."
RULE = "direction.N is the output of block N, as repeng writes and llama.cpp applies it"
ONE_HIGH = "such files are one layer high: --shift -1 puts them back"


def read(source: OpenedFile, choices: ReadOptions) -> FileContents:
    file = gguf.read(source)
    rows = {_layer(name): as_row(_layer(name), array) for name, array in file.tensors.items()}
    own = {
        key.removeprefix(OURS): str(entry.value)
        for key, entry in file.metadata.items()
        if key.startswith(OURS)
    }
    about = About.from_strings(own) if own else _about(file.metadata)
    checked, doubts = our_metadata.stated_rows(raw_rows(rows), own)
    # Our own files, and a shift that the caller gives, leave nothing to guess.
    hints = () if own or choices.shift is not None else _hints(file.metadata, checked)
    placed = place_rows(rows, 0, RULE, choices)
    return FileContents(checked, WRITER, placed, about, warnings=(*doubts, *placed.warnings, *hints))


def _layer(name: str) -> int:
    found = re.fullmatch(r"direction\.(.*)", name, re.DOTALL)
    if not found:
        raise VectorFileError(f"tensor name not a layer key: {printable_name(name)}")
    return parse_layer_key(found[1])


def _about(metadata: Mapping[str, GgufValue]) -> About:
    """Metadata of other writers: `<architecture>.model_hint`, EasySteer's method and numbers."""
    prefix = str(metadata["general.architecture"].value) + "." if "general.architecture" in metadata else ""
    entries = {
        key.removeprefix(prefix): entry.value
        for key, entry in metadata.items()
        if prefix and key.startswith(prefix)
    }
    hint, method = (str(entries.pop(key, "")) for key in ("model_hint", "method"))
    entries.pop("layer_count", None)
    model_type = "" if hint == "unknown" else hint
    return About(
        model_type=model_type,
        method=method,
        # A NaN, which is unequal to itself, cannot be stored as JSON.
        metrics={key: value for key, value in entries.items() if value == value},
    )


def _hints(metadata: Mapping[str, GgufValue], rows: Mapping[int, LayerRow]) -> tuple[str, ...]:
    hints = []
    if "general.architecture" not in metadata:
        hints.append("no architecture in it: taken for a control vector by its tensor names")
    count = metadata.get("controlvector.layer_count")
    # The integer's type gives away which program wrote the file.
    if count is not None and count.kind == INT32:
        hints.append(f"layer_count is an i32, as llama.cpp's cvector-generator writes it: {ONE_HIGH}")
    elif any(abs(row.norm - 1.0) > 0.01 for row in rows.values()):
        hints.append(f"rows are not unit; if jukofyork's control-vectors made it, {ONE_HIGH}")
    return tuple(hints)


def write(vector: SteeringVector) -> tuple[bytes, tuple[str, ...]]:
    """repeng's layout plus our metadata under `steertui.`, which other readers skip."""
    metadata: dict[str, str | int] = {
        "general.architecture": "controlvector",
        "controlvector.model_hint": vector.about.model_type or "unknown",
        "controlvector.layer_count": len(vector.layers),
    }
    own = our_metadata.metadata_entries(vector)
    metadata |= {OURS + key: value for key, value in own.items()}
    return gguf.dump(metadata, {f"direction.{layer}": vector.raw(layer) for layer in vector.layers}), ()


def write_for_llamacpp(vector: SteeringVector) -> tuple[bytes, tuple[str, ...]]:
    """The same without layer 0: llama.cpp rejects `direction.0` and then drops the whole file."""
    usable = [layer for layer in vector.layers if layer > 0]
    if not usable:
        raise VectorFileError("llama.cpp has no place for layer 0, and this vector has no other")
    data, losses = write(vector.only(usable))
    dropped = ("layer 0 dropped: llama.cpp refuses files that have it",) if 0 in vector.rows else ()
    return data, losses + dropped
