"""The slow and obvious way to read activations, to hold the fast one against."""

import random

import torch

from tests.core import zoo


def prompts(n=10, longest=60, seed=0):
    """Longer than the sliding windows of the zoo (32), and shorter."""
    rng = random.Random(seed)
    return [zoo.ids(rng.randint(2, longest), seed=i).tolist() for i in range(n)]


def naive(model, rows, read="last", layers=None):
    """The reference: one prompt at a time through the whole model, plain hooks of its own, averaged in float64."""
    found = {layer: [] for layer in layers or range(model.n_layers)}
    seen = {}
    handles = [
        model.layers[layer].register_forward_hook(
            lambda _m, _a, out, layer=layer: seen.__setitem__(
                layer, out[0] if isinstance(out, tuple) else out
            )
        )
        for layer in found
    ]
    for row in rows:
        with torch.no_grad():
            model.hf(torch.tensor([row]))
        for layer, states in found.items():
            hidden = seen[layer][0].double()
            states.append(hidden[-1] if read == "last" else hidden.mean(0))
    for handle in handles:
        handle.remove()
    return {layer: torch.stack(states) for layer, states in found.items()}


def error(got, expected):
    return max(float((got[k].double() - expected[k]).norm() / expected[k].norm()) for k in expected)
