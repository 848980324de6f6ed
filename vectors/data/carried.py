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
from vectors.data.metadata import mapping, numbers
from vectors.data.stored import Stored, frozen
from vectors.errors import VectorFileError

AGREEMENT = 1e-5


def raw_norms_of(entries: Mapping[str, str]) -> dict[int, float]:
    norms = numbers("raw_norms", entries["raw_norms"]) if "raw_norms" in entries else {}
    if any(norm <= 0 for norm in norms.values()):
        raise VectorFileError("metadata 'raw_norms' has a norm that is not positive")
    return norms


def entries_of(stored: Stored, *, units_written: bool) -> dict[str, str]:
    """Everything about a vector that its rows alone do not hold, as text entries."""
    entries = stored.about.to_strings()
    entries["raw_norms"] = json.dumps({str(layer): norm for layer, norm in stored.norms.items()})
    if units_written:
        wanted = {
            layer: (row, lastbit.join(stored.units[layer], stored.norms[layer]))
            for layer, row in stored.exact.items()
        }
    else:
        wanted = {layer: (unit, lastbit.split(stored.raw(layer))[0]) for layer, unit in stored.units.items()}
    moves = {str(layer): text for layer, pair in wanted.items() if (text := lastbit.steps(*pair))}
    if moves:
        entries["raw_ulps" if units_written else "unit_ulps"] = json.dumps(moves)
    return entries


def restore_units(stored: Stored, entries: Mapping[str, str]) -> Stored:
    """A vector read from raw rows, with the exact directions and norms it was written from."""
    norms = raw_norms_of(entries)
    if not norms:
        return stored
    fits = norms.keys() == stored.norms.keys() and all(
        math.isclose(norms[layer], norm, rel_tol=AGREEMENT) for layer, norm in stored.norms.items()
    )
    if not fits:
        return stored.warn("the norms in its metadata do not match its rows: ignored")
    raw = {layer: stored.raw(layer) for layer in stored.layers}
    units = {layer: lastbit.split(row)[0] for layer, row in raw.items()} | _moved(
        stored.units, entries, "unit_ulps"
    )
    return _kept_exact(replace(stored, units=frozen(units), norms=norms), raw)


def restore_raw(stored: Stored, entries: Mapping[str, str]) -> Stored:
    """A vector read from unit rows, with the exact raw rows it was written from."""
    joined = {layer: lastbit.join(stored.units[layer], stored.norms[layer]) for layer in stored.layers}
    return _kept_exact(stored, joined | _moved(joined, entries, "raw_ulps"))


def _kept_exact(stored: Stored, raw: Mapping[int, Row]) -> Stored:
    rebuilt = replace(stored, exact={})
    exact = {layer: row for layer, row in raw.items() if lastbit.steps(row, rebuilt.raw(layer)) is not None}
    return replace(stored, exact=frozen(exact))


def _moved(rows: Mapping[int, Row], entries: Mapping[str, str], key: str) -> dict[int, Row]:
    if key not in entries:
        return {}
    moved = {}
    for layer, text in mapping(key, entries[key]).items():
        row = rows.get(int(layer)) if layer.isdecimal() and len(layer) < 7 else None
        better = lastbit.nudge(row, text) if row is not None and isinstance(text, str) else None
        if row is None or better is None or not _is_a_last_bit(better, row):
            raise VectorFileError(f"metadata {key!r} does not fit layer {layer[:8]!r}")
        moved[int(layer)] = better
    return moved


def _is_a_last_bit(moved: Row, row: Row) -> bool:
    """Whether a correction only fixes rounding; it must never replace the vector by another one."""
    return bool(np.allclose(moved, row, rtol=0.0, atol=AGREEMENT * float(np.abs(row).max())))
