"""Layer numbers in files: which block a stored index means.

Files number the residual stream in three ways. Ours: layer L (0-based) is the output of decoder block L,
`hidden_states[L+1]` in transformers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vectors import limits
from vectors.errors import VectorFileError, printable_name


@dataclass(frozen=True)
class ReadOptions:
    """Options of the caller for what the file does not say."""

    layers: tuple[int, ...] | None = None
    shift: int | None = None
    n_layers: int | None = None
    part: str | None = None
    allow_undecided: bool = False
    pair: bool = False


@dataclass(frozen=True)
class LayerPlacement:
    """Stored index → our layer number, with the rule that was applied."""

    layers: Mapping[int, int]
    rule: str
    undecided: bool = False
    warnings: tuple[str, ...] = ()


def place_rows(indices: Iterable[int], shift: int, why: str, choices: ReadOptions) -> LayerPlacement:
    """Our layer = stored index + shift; `--shift` overrides the format's rule; embedding rows are dropped."""
    if choices.shift is not None and choices.shift != shift:
        shift, why = choices.shift, f"set by --shift; the format's own rule is {shift:+d}, {why}"
    indices = sorted(indices)
    # With a shift of −1, index 0 is the embedding row, which is the output of no block.
    layers = {index: index + shift for index in indices if index + shift >= 0}
    if not layers:
        raise VectorFileError(f"a shift of {shift:+d} leaves no layer in it")
    if max(layers.values()) >= limits.LAYERS:
        raise VectorFileError(f"bad layer key {max(layers)} (limit {limits.LAYERS - 1})")
    lost = [index for index in indices if index not in layers]
    warnings = (f"index {lost[0]} is before the first block: left out",) if lost else ()
    return LayerPlacement(layers, f"layer = stored index {shift:+d} ({why})", warnings=warnings)


def place_stack(indices: Iterable[int], n_rows: int, choices: ReadOptions) -> LayerPlacement:
    """Rows of a `[rows, d]` tensor that nothing names: blocks when rows = n, hidden states when rows = n + 1."""
    blocks = choices.n_layers
    if choices.shift is not None:
        return place_rows(indices, choices.shift, "as asked; nothing in the file says which", choices)
    if blocks == n_rows:
        return place_rows(indices, 0, f"{n_rows} rows, the model has {n_rows} blocks", choices)
    if blocks is not None and blocks + 1 == n_rows:
        return place_rows(
            indices, -1, f"{n_rows} rows, the model has {blocks} blocks: hidden_states order", choices
        )
    if blocks is not None:
        raise VectorFileError(
            f"{n_rows} rows are neither the {blocks} blocks nor the {blocks + 1} hidden_states of the model"
        )
    # Without a model both numberings are possible: the caller gets the question as an error or a warning.
    question = (
        f"{n_rows} rows are {n_rows} blocks (say --shift 0) or the embeddings and {n_rows - 1} blocks "
        "(hidden_states order, say --shift -1); name the model or the shift"
    )
    if not choices.allow_undecided:
        raise VectorFileError(question)
    identity = {index: index for index in indices}
    return LayerPlacement(
        identity, "undecided: rows are numbered as stored", undecided=True, warnings=(question,)
    )


def parse_layer_key(text: str) -> int:
    """Parse a layer number of a file: decimal digits only."""
    # int() alone would also accept signs, spaces, underscores and other scripts' digits.
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise VectorFileError(f"bad layer key {printable_name(text)!r}")
    return int(text)
