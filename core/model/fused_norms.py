"""Root mean square norms computed by one call of torch.

transformers writes x / √(mean x² + ε) · w as seven operations; for a single token calling them takes longer than the
arithmetic, twice per block. torch's own function does the same operations, in float32 to the last bit, which is tried
for each kind of norm before it is used.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

TRIED_SHAPES = ((1, 1), (2, 7))
TRIED_SIZES = (0.01, 1.0, 100.0)


def fuse_norms(hf: nn.Module) -> int:
    """Replace the forward of every norm that this leaves as it is, bit for bit; how many there were."""
    known: dict[tuple[type, int, float], bool] = {}
    count = 0
    for module in hf.modules():
        found = _plain_norm(module)
        if found is None:
            continue
        width, eps = found
        kind = type(module), width, eps
        if kind not in known:
            known[kind] = _is_plain(module, width, eps)
        if known[kind]:
            # Bound to the module, so that a deep copy of the model gets a forward of its own.
            module.forward = MethodType(_fused_forward, module)
            count += 1
    return count


def _plain_norm(module: Any) -> tuple[int, float] | None:
    """Width and ε of a norm that may be replaced; None for all other modules."""
    weight = getattr(module, "weight", None)
    if not type(module).__name__.endswith("RMSNorm") or not isinstance(weight, Tensor) or weight.dim() != 1:
        return None
    # A forward of its own already: that of a hook which brings the weights from elsewhere.
    if "forward" in vars(module) or weight.dtype is not torch.float32 or weight.device.type != "cpu":
        return None
    found = getattr(module, "variance_epsilon", getattr(module, "eps", None))
    return (weight.numel(), found) if isinstance(found, float) else None


def _fused_forward(self: Any, hidden_states: Tensor) -> Tensor:
    weight = self.weight
    # In 16 bit the two round at different places.
    if hidden_states.dtype is not torch.float32 or weight.dtype is not torch.float32:
        plain: Tensor = type(self).forward(self, hidden_states)
        return plain
    eps = getattr(self, "variance_epsilon", None)
    return nn.functional.rms_norm(hidden_states, weight.shape, weight, self.eps if eps is None else eps)


@torch.no_grad()
def _is_plain(module: nn.Module, width: int, eps: float) -> bool:
    """Whether the module computes just this, with weights and states that are drawn for the trial."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(width, generator=generator)
    states = [
        size * torch.randn(*shape, width, generator=generator)
        for shape in TRIED_SHAPES
        for size in TRIED_SIZES
    ]
    try:
        theirs = [torch.func.functional_call(module, {"weight": weight}, (each,)) for each in states]
    # Whatever a foreign module asks for besides states, it is no plain norm.
    except Exception:
        return False
    ours = [nn.functional.rms_norm(each, (width,), weight, eps) for each in states]
    return all(isinstance(a, Tensor) and torch.equal(a, b) for a, b in zip(theirs, ours, strict=True))
