"""Our metadata inside files: what the raw rows alone do not say, as text entries that other programs ignore."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vectors.data.metadata import numbers_by_layer
from vectors.data.row import LayerRow, split_norm
from vectors.errors import VectorFileError
from vectors.files.steps import AGREEMENT, corrected_rows, encode_steps

if TYPE_CHECKING:
    from vectors.vector import SteeringVector

LAYOUT = "layout"
MISMATCH = "the norms in its metadata do not match its rows: ignored"


def metadata_entries(vector: SteeringVector) -> dict[str, str]:
    """Metadata, norms, and the steps to directions that do not follow from the raw rows."""
    entries = vector.about.to_strings()
    entries["raw_norms"] = json.dumps({str(layer): norm for layer, norm in vector.norms.items()})
    # Only rows with a stated direction can differ from what `split_norm` finds.
    apart = {layer: row for layer, row in vector.rows.items() if row.stated is not None}
    steps = {
        str(layer): text
        for layer, row in apart.items()
        if (text := encode_steps(row.unit, split_norm(row.raw)[0]))
    }
    return entries | ({"unit_ulps": json.dumps(steps)} if steps else {})


def stated_rows(
    rows: Mapping[int, LayerRow], entries: Mapping[str, str]
) -> tuple[dict[int, LayerRow], tuple[str, ...]]:
    """Raw rows with the directions and norms they were written with; a warning if these are of other rows."""
    norms = parse_raw_norms(entries)
    if not norms:
        return dict(rows), ()
    # Another program may have changed the rows and copied the metadata: then the rows count.
    fits = norms.keys() == rows.keys() and all(
        math.isclose(norms[layer], row.norm, rel_tol=AGREEMENT) for layer, row in rows.items()
    )
    if not fits:
        return dict(rows), (MISMATCH,)
    units = corrected_rows({layer: row.unit for layer, row in rows.items()}, entries, "unit_ulps")
    # A row from which its stated norm and direction follow needs no stated ones.
    return {
        layer: row
        if layer not in units and norms[layer] == row.norm
        else LayerRow(row.raw, (units.get(layer, row.unit), norms[layer]))
        for layer, row in rows.items()
    }, ()


def parse_raw_norms(entries: Mapping[str, str]) -> dict[int, float]:
    norms = numbers_by_layer("raw_norms", entries["raw_norms"]) if "raw_norms" in entries else {}
    if any(norm <= 0 for norm in norms.values()):
        raise VectorFileError("metadata 'raw_norms' has a norm that is not positive")
    return norms


def metadata_record(vector: SteeringVector, layout: str) -> str:
    """The entries as an extra record in a `.pt` zip, which torch ignores."""
    return json.dumps({LAYOUT: layout, **metadata_entries(vector)})


def read(note: str) -> dict[str, str]:
    """Parse such a record; files of other programs have none."""
    if not note:
        return {}
    try:
        entries = json.loads(note)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, dict) or not all(isinstance(value, str) for value in entries.values()):
        raise VectorFileError("its steertui.json record is not valid")
    return entries
