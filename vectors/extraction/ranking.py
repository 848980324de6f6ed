"""Choice of the best layer: by our rule, or by that of llm-personality-axes for comparison with its
tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.errors import UsageError

Layers = Mapping[int, Mapping[str, Any]]

RULES: Mapping[str, Callable[[Mapping[str, Any]], tuple[float, float]]] = {
    # Threshold at the midpoint of the training classes, pooled d.
    "midpoint": lambda found: (found["accuracy"], found["d"]),
    "axes": lambda found: (found["axes"]["accuracy"], found["axes"]["d"]),
}


def best_layer(layers: Layers, rule: str = "midpoint") -> int | None:
    """The layer with the highest accuracy, ties broken by d; None without a hold-out."""
    if rule not in RULES:
        raise UsageError(f"no rule {rule!r}; there is {', '.join(RULES)}")
    measured = {layer: found for layer, found in layers.items() if found["n_holdout"]}
    return max(measured, key=lambda layer: RULES[rule](measured[layer]), default=None)
