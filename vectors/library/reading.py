"""Reading a vector by library name or path, fitted to a model if there is one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from vectors.data import compatibility, model_shape
from vectors.library import library
from vectors.library import measured as measurements
from vectors.vector import SteeringVector
from vectors.vector_file import read_file


def read(
    path: str | os.PathLike[str],
    *,
    layers: Iterable[int] | None = None,
    shift: int | None = None,
    model: Any = None,
    part: str | None = None,
    minus: str | os.PathLike[str] | None = None,
    force: bool = False,
    measured: bool = True,
) -> SteeringVector:
    """A vector from a file of any known format, or from the library by name.

    `model` resolves an ambiguous layer numbering; with `measured`, the results of `check` on that model
    are added.
    """
    known = None if model is None else model_shape.shape_of_model(model)
    vector = read_file(
        library.find(path),
        layers=layers,
        shift=shift,
        n_layers=known.n_layers if known else None,
        part=part,
        minus=minus,
    )
    if known is None:
        return vector
    vector = compatibility.admit_vector(vector, known, force=force)
    return measurements.with_measurements(vector, model.fingerprint) if measured else vector
