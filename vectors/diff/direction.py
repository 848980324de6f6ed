"""A vector from weights: per layer the leading residual direction of what tuning changed in one module."""

from __future__ import annotations

import numpy as np
import torch

from core.errors import BadInput
from vectors.about import About
from vectors.diff.checkpoint import Checkpoint
from vectors.diff.matrix import Depth
from vectors.diff.spectrum import spectrum
from vectors.diff.weights import plan, unit_at
from vectors.stored import Stored
from vectors.vector import SteeringVector

SIGN = "+ = where the larger part of the change writes; a singular direction has no sign of its own"


def top_direction(
    base: Checkpoint, tuned: Checkpoint, module: str, depth: Depth, towards: Stored | None = None
) -> SteeringVector:
    """σ₁u₁ of a writer (σ₁v₁ of a reader) at every layer; with `towards`, the sign that agrees with it."""
    found = plan(base, tuned, f"*{module}*").matched
    usable = [one for one in found if one.side.layer is not None and one.side.axis is not None]
    if not usable:
        raise BadInput(f"no matrix called {module!r} has a side in the residual stream")
    rows: dict[int, np.ndarray] = {}
    for one in usable:
        if one.side.layer in rows:
            raise BadInput(
                f"{module!r} names several matrices of layer {one.side.layer}: say which, as in o_proj"
            )
        top = spectrum(one.change, 1, exact=depth.exact, seed=depth.seed)
        if float(top.values[0]) == 0:
            continue
        axis = (top.left if one.side.axis == 0 else top.right)[:, 0]
        other = top.right if one.side.axis == 0 else top.left
        known = unit_at(towards, one.side)
        signed = axis @ known[1].double() if known else other[:, 0].sum()
        assert one.side.layer is not None
        rows[one.side.layer] = (axis * top.values[0] * torch.sign(signed)).float().numpy()
    if not rows:
        raise BadInput(f"{module!r} did not change")
    sign = f"as {towards.about.name}" if towards is not None else SIGN
    about = About(
        name=f"{module}-change",
        model_id=base.name,
        method="top singular direction of the weight change",
        read=module,
        sign_note=sign,
        source=f"{tuned.name} − {base.name}",
    )
    return SteeringVector(rows, about=about)
