"""A vector from weights: per layer the leading residual-side singular direction of one module's change."""

from __future__ import annotations

import torch
from torch import Tensor

from core.errors import BadInput
from vectors.data.metadata import About
from vectors.diff.checkpoint import Checkpoint
from vectors.diff.matrix import SpectrumOptions
from vectors.diff.spectrum import leading_spectrum
from vectors.diff.weights import MatchedMatrix, compared_unit, match_matrices
from vectors.vector import SteeringVector

SIGN = "+ = where the larger part of the change writes; a singular direction has no sign of its own"


def top_direction(
    base: Checkpoint,
    tuned: Checkpoint,
    module: str,
    depth: SpectrumOptions,
    towards: SteeringVector | None = None,
) -> SteeringVector:
    """σ₁u₁ of a writer (σ₁v₁ of a reader) at every layer; the sign agrees with `towards` if given."""
    matched = match_matrices(base, tuned, f"*{module}*").matched
    usable = [
        matrix
        for matrix in matched
        if matrix.residual_side.layer is not None and matrix.residual_side.axis is not None
    ]
    if not usable:
        raise BadInput(f"no matrix called {module!r} has a side in the residual stream")
    layers = [matrix.residual_side.layer for matrix in usable if matrix.residual_side.layer is not None]
    twice = next((layer for layer in layers if layers.count(layer) > 1), None)
    if twice is not None:
        raise BadInput(f"{module!r} names several matrices of layer {twice}: say which, as in o_proj")
    directions = {
        layer: _leading_direction(matrix, depth, towards)
        for layer, matrix in zip(layers, usable, strict=True)
    }
    # A matrix that did not change has no direction.
    rows = {layer: row.float().numpy() for layer, row in directions.items() if row.any()}
    if not rows:
        raise BadInput(f"{module!r} did not change")
    about = About(
        name=f"{module}-change",
        model_id=base.name,
        method="top singular direction of the weight change",
        read=module,
        sign_note=SIGN if towards is None else f"as {towards.about.name}",
        source=f"{tuned.name} − {base.name}",
    )
    return SteeringVector(rows, about=about)


def _leading_direction(
    matrix: MatchedMatrix, depth: SpectrumOptions, towards: SteeringVector | None
) -> Tensor:
    """σ₁ times the residual-side singular vector with its sign; zero where nothing has changed."""
    top = leading_spectrum(matrix.change, 1, exact=depth.exact, seed=depth.seed)
    axis, other = (top.left, top.right) if matrix.residual_side.axis == 0 else (top.right, top.left)
    known = compared_unit(towards, matrix.residual_side)
    # −u and −v fit as well as u and v: without a vector, the sum of the other side decides the sign.
    agreement = axis[:, 0] @ known[1].double() if known else other[:, 0].sum()
    return axis[:, 0] * top.values[0] * torch.sign(agreement)
