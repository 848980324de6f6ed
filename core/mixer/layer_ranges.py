"""Layer ranges: their notation, and the default one; no torch, because the screen and the command line use it too.

`5`, `3-8`, `3-8,12`, `all`, or shares of depth such as `40%-85%`; counted from 0, both ends included.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from fractions import Fraction

from core.errors import BadInput, UsageError

HALF = Fraction(1, 2)
DEEPEST = 1024
"""More layers than any model has: the depth to assume while the model is unknown."""

_PIECE = re.compile(
    r"([0-9]{1,9}|[0-9]{1,3}(?:\.[0-9]{1,6})?%)(?:-([0-9]{1,9}|[0-9]{1,3}(?:\.[0-9]{1,6})?%))?"
)


def parse_layers(text: str, n_layers: int) -> tuple[int, ...]:
    """The layers that `text` names in a model of `n_layers`, ascending and without duplicates."""
    if text.strip() == "all":
        return tuple(range(n_layers))
    chosen: set[int] = set()
    for piece in text.split(","):
        chosen.update(_parse_range(piece.strip(), n_layers))
    return tuple(sorted(chosen))


def write_layers(layers: tuple[int, ...]) -> str:
    """The shortest notation for some layers; `parse_layers` reads it back."""
    return ",".join("-".join(map(str, run)) for run in layer_runs(layers))


def layer_runs(layers: Iterable[int]) -> list[list[int]]:
    """Runs of neighbouring layers, each as [first, last] or [only]."""
    found: list[list[int]] = []
    for layer in sorted(set(layers)):
        if found and layer == found[-1][-1] + 1:
            found[-1][1:] = [layer]
        else:
            found.append([layer])
    return found


def _parse_range(piece: str, n_layers: int) -> range:
    match = _PIECE.fullmatch(piece)
    ends = [_parse_layer(end, piece, n_layers) for end in match.groups() if end] if match else []
    if not ends or ends[0] > ends[-1]:
        raise _bad_range(piece)
    if ends[-1] >= n_layers:
        raise BadInput(_too_deep(ends[-1], n_layers))
    return range(ends[0], ends[-1] + 1)


def _parse_layer(end: str, piece: str, n_layers: int) -> int:
    """A layer number, or a share of the depth rounded half up, where 100 % is the last layer."""
    if not end.endswith("%"):
        return int(end)
    # Exact: a float product could land on the wrong side of one half.
    share = Fraction(end[:-1]) / 100
    if share > 1:
        raise _bad_range(piece)
    return min(int(share * n_layers + HALF), n_layers - 1)


def _too_deep(layer: int, n_layers: int) -> str:
    if n_layers == DEEPEST:
        return f"layer {layer} asked for, no model has more than {DEEPEST}"
    return f"layer {layer} asked for, the model has {n_layers} (0 to {n_layers - 1})"


def _bad_range(piece: str) -> UsageError:
    return UsageError(f"bad layer range {piece!r}; write 5, 3-8, 3-8,12, all or 40%-85%, counted from 0")


def default_band(n_layers: int) -> range:
    """Layers round(12n/32) … round(27n/32), the middle of the model, ends included."""
    # Half up: Python's round() takes halves to the even number.
    return range(
        math.floor(12 * n_layers / 32 + 0.5), min(math.floor(27 * n_layers / 32 + 0.5), n_layers - 1) + 1
    )
