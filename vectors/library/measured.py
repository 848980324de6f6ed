"""What `check` measured for one vector on one model: class gaps, percentiles, dose; saved in the library.

With these, natural units and percentile caps work for vectors from other tools too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from core.files import JSON_BYTES, read_regular
from core.json_values import JsonValue
from vectors.data.metadata import About
from vectors.errors import VectorFileError
from vectors.files import writing
from vectors.library import library
from vectors.vector import SteeringVector

FOLDER = "measured"


def measurement_path(sha256: str, fingerprint: str) -> Path:
    # Part of a file name, and a fingerprint may hold other signs than letters and digits.
    short = re.sub(r"[^0-9A-Za-z]", "", fingerprint)[:24]
    return library.library_folder() / FOLDER / f"{sha256[:32]}-{short}.json"


def save_measurements(
    sha256: str, fingerprint: str, about: About, findings: Mapping[str, JsonValue]
) -> Path | None:
    """Save the statistics and the report; returns None if the folder cannot be written."""
    target = measurement_path(sha256, fingerprint)
    text = json.dumps({"about": about.to_strings(), "findings": findings}, allow_nan=False)
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        writing.write_bytes(target, text.encode("ascii"))
    except (OSError, VectorFileError):
        return None
    return target


def with_measurements(vector: SteeringVector, fingerprint: str) -> SteeringVector:
    """Merges this model's measurements over the file's; the file's own suggested dose wins."""
    measured = _read(measurement_path(vector.sha256, fingerprint))
    if measured is None:
        return vector
    mine = vector.about
    about = replace(
        mine,
        # Layer by layer: a layer that was not measured keeps what the file says of it.
        stats={**mine.stats, **measured.stats},
        act_norms=measured.act_norms or mine.act_norms,
        suggestion=mine.suggestion or measured.suggestion,
    )
    return vector.with_about(about)


def _read(path: Path) -> About | None:
    try:
        entries = json.loads(read_regular(path, JSON_BYTES))["about"]
        return About.from_strings(entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, VectorFileError, RecursionError):
        return None
