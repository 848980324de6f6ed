"""Reading a vector file as a steering vector, and its card alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from vectors.data.card import Card
from vectors.data.layer_numbers import ReadOptions
from vectors.data.origin import Origin
from vectors.data.row import extreme_norm_warnings
from vectors.errors import VectorFileError
from vectors.files.contents import FileContents
from vectors.files.opening import open_vector_file
from vectors.files.reading import parse
from vectors.vector import SteeringVector


def read_file(
    path: str | os.PathLike[str],
    *,
    layers: Iterable[int] | None = None,
    shift: int | None = None,
    n_layers: int | None = None,
    part: str | None = None,
    minus: str | os.PathLike[str] | None = None,
    allow_undecided: bool = False,
) -> SteeringVector:
    """The vector in a file; `minus` subtracts a second file (two mean activations make a direction)."""
    named = None if layers is None else tuple(sorted(set(layers)))
    choices = ReadOptions(named, shift, n_layers, part, allow_undecided, pair=minus is not None)
    vector = vector_of(parse(open_vector_file(path), choices))
    if minus is not None:
        vector = subtract_vectors(vector, vector_of(parse(open_vector_file(minus), choices)))
    return vector if named is None else vector.only(named)


def read_card(path: str | os.PathLike[str], **choices: Any) -> Card:
    """The card of a file; if the layer numbering is ambiguous, the question is among the warnings."""
    return read_file(path, allow_undecided=True, **choices).card


def vector_of(found: FileContents) -> SteeringVector:
    """What was found in a file as a vector, under our layer numbers."""
    origin = Origin(
        format=found.format,
        index_rule=found.placed.rule,
        undecided=found.placed.undecided,
        parts=found.parts,
        warnings=found.warnings,
        file=found.file,
        file_sha256=found.file_sha256,
    )
    vector = SteeringVector(found.rows, about=found.about, origin=origin, ceilings=found.ceilings)
    vector = vector.renumber(found.placed.layers)
    return vector.warn(*extreme_norm_warnings(vector.norms))


def subtract_vectors(plus: SteeringVector, minus: SteeringVector) -> SteeringVector:
    """plus − minus on the layers both have."""
    shared = [layer for layer in plus.layers if layer in minus.rows]
    if not shared or plus.hidden_size != minus.hidden_size:
        raise VectorFileError(
            f"{plus.origin.file} and {minus.origin.file} have no layer of equal width in common"
        )
    rows = {layer: plus.raw(layer) - minus.raw(layer) for layer in shared}
    about = replace(plus.about, name=f"{plus.about.name}-minus-{minus.about.name}", stats={}, suggestion=None)
    return SteeringVector(rows, about=about, origin=replace(plus.origin, parts=()))
