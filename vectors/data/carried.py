"""Our metadata inside other file formats, so that converting there and back loses nothing.

A raw row is unit × norm rounded once, so computing one from the other may be off in the last bit; the two
`_ulps` entries store these corrections (`lastbit`). Other programs ignore them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vectors.data import lastbit
from vectors.data.lastbit import Row
from vectors.data.metadata import json_object, numbers_by_layer
from vectors.data.stored import StoredVector, freeze_rows
from vectors.errors import VectorFileError

AGREEMENT = 1e-5


def parse_raw_norms(entries: Mapping[str, str]) -> dict[int, float]:
    norms = numbers_by_layer("raw_norms", entries["raw_norms"]) if "raw_norms" in entries else {}
    if any(norm <= 0 for norm in norms.values()):
        raise VectorFileError("metadata 'raw_norms' has a norm that is not positive")
    return norms


def metadata_entries(stored: StoredVector, *, units_written: bool) -> dict[str, str]:
    """Everything about a vector that its rows alone do not hold, as text entries."""
    entries = stored.about.to_strings()
    entries["raw_norms"] = json.dumps({str(layer): norm for layer, norm in stored.norms.items()})
    if units_written:
        wanted = {
            layer: (row, lastbit.join_norm(stored.units[layer], stored.norms[layer]))
            for layer, row in stored.exact.items()
        }
    else:
        wanted = {
            layer: (unit, lastbit.split_norm(stored.raw(layer))[0]) for layer, unit in stored.units.items()
        }
    moves = {str(layer): text for layer, pair in wanted.items() if (text := lastbit.encode_steps(*pair))}
    if moves:
        entries["raw_ulps" if units_written else "unit_ulps"] = json.dumps(moves)
    return entries


def restore_units(stored: StoredVector, entries: Mapping[str, str]) -> StoredVector:
    """A vector read from raw rows, with the exact directions and norms it was written from."""
    norms = parse_raw_norms(entries)
    if not norms:
        return stored
    fits = norms.keys() == stored.norms.keys() and all(
        math.isclose(norms[layer], norm, rel_tol=AGREEMENT) for layer, norm in stored.norms.items()
    )
    if not fits:
        return stored.warn("the norms in its metadata do not match its rows: ignored")
    raw = {layer: stored.raw(layer) for layer in stored.layers}
    units = {layer: lastbit.split_norm(row)[0] for layer, row in raw.items()} | _corrected_rows(
        stored.units, entries, "unit_ulps"
    )
    return _with_exact_rows(replace(stored, units=freeze_rows(units), norms=norms), raw)


def restore_raw(stored: StoredVector, entries: Mapping[str, str]) -> StoredVector:
    """A vector read from unit rows, with the exact raw rows it was written from."""
    joined = {layer: lastbit.join_norm(stored.units[layer], stored.norms[layer]) for layer in stored.layers}
    return _with_exact_rows(stored, joined | _corrected_rows(joined, entries, "raw_ulps"))


def _with_exact_rows(stored: StoredVector, raw: Mapping[int, Row]) -> StoredVector:
    rebuilt = replace(stored, exact={})
    exact = {
        layer: row for layer, row in raw.items() if lastbit.encode_steps(row, rebuilt.raw(layer)) is not None
    }
    return replace(stored, exact=freeze_rows(exact))


def _corrected_rows(rows: Mapping[int, Row], entries: Mapping[str, str], key: str) -> dict[int, Row]:
    if key not in entries:
        return {}
    moved = {}
    for layer, text in json_object(key, entries[key]).items():
        row = rows.get(int(layer)) if layer.isdecimal() and len(layer) < 7 else None
        better = lastbit.apply_steps(row, text) if row is not None and isinstance(text, str) else None
        if row is None or better is None or not _is_rounding_error(better, row):
            raise VectorFileError(f"metadata {key!r} does not fit layer {layer[:8]!r}")
        moved[int(layer)] = better
    return moved


def _is_rounding_error(moved: Row, row: Row) -> bool:
    """Whether a correction only fixes rounding; it must never replace the vector by another one."""
    return bool(np.allclose(moved, row, rtol=0.0, atol=AGREEMENT * float(np.abs(row).max())))
