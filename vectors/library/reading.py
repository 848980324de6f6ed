"""Reading a vector by library name or path, fitted to a model if there is one."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from vectors.data import compatibility, model_shape
from vectors.library import library
from vectors.library import measured as measurements
from vectors.library.naming import parse_name, refuse_other_content
from vectors.vector import SteeringVector
from vectors.vector_file import read_file

if TYPE_CHECKING:
    from core.model.model import Model


def read(
    path: str | os.PathLike[str],
    *,
    layers: Iterable[int] | None = None,
    shift: int | None = None,
    model: Model | None = None,
    part: str | None = None,
    minus: str | os.PathLike[str] | None = None,
    force: bool = False,
    measured: bool = True,
) -> SteeringVector:
    """Read a vector from a file of any known format, or from the library by name.

    Args:
        path: A file, or the name of a vector in the library; the library comes first. As in the line of a mixer,
            `#shift=`, `#part=` and `#sha=` may follow.
        layers: Keep only these layers (0-based, output of decoder block L).
        shift: Added to the layer numbers of the file, where its format's rule does not hold.
        model: A loaded model the vector is for: its depth resolves an ambiguous numbering, and a vector that
            does not fit it is refused.
        part: The experiment of a capping config; without it the first one.
        minus: A second file to subtract, for two mean activations that make a direction together.
        force: Accept a vector that was made on a model of another family.
        measured: Add what `check` has measured of the vector on `model`.

    Raises:
        VectorFileError: The file cannot be read, its numbering is ambiguous, or it does not fit the model.

    Example:
        >>> pirate = vectors.read("pirate")  # of the library; a path such as "pirate.gguf" works too
        >>> model = core.load("demo-instruct")
        >>> honesty = vectors.read("honesty.pt", model=model, shift=-1)  # row 0 holds the embeddings
    """
    known = None if model is None else model_shape.shape_of_model(model)
    place = parse_name(os.fspath(path))
    place = replace(
        place, shift=place.shift if shift is None else shift, part=place.part if part is None else part
    )
    vector = read_file(
        library.find(place.base),
        layers=layers,
        shift=place.shift,
        n_layers=known.n_layers if known else None,
        part=place.part,
        minus=minus,
    )
    refuse_other_content(vector, place)
    # A part of a file, or a difference of two, is not what the name alone finds.
    if layers is None and minus is None:
        vector = vector.asked_as(replace(place, sha="").text)
    if model is None or known is None:
        return vector
    # Refused or admitted first: measurements belong to a vector that fits the model.
    vector = compatibility.admit_vector(vector, known, force=force)
    return measurements.with_measurements(vector, model.fingerprint) if measured else vector
