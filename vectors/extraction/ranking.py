"""Choice of the best layer: by our rule, or by that of llm-personality-axes for comparison with its
tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.errors import UsageError
from vectors.data.report_values import Report, number_at, table_at

Layers = Mapping[int, Report]

RULES: Mapping[str, Callable[[Report], tuple[float, float]]] = {
    # Threshold at the midpoint of the training classes, pooled d.
    "midpoint": lambda found: _accuracy_and_d(found),
    "axes": lambda found: _accuracy_and_d(table_at(found, "axes")),
}


def _accuracy_and_d(figures: Report) -> tuple[float, float]:
    return number_at(figures, "accuracy"), number_at(figures, "d")


def best_layer(layers: Layers, rule: str = "midpoint") -> int | None:
    """The layer with the highest accuracy, ties broken by d; None without a hold-out."""
    if rule not in RULES:
        raise UsageError(f"no rule {rule!r}; there is {', '.join(RULES)}")
    measured = {layer: found for layer, found in layers.items() if found["n_holdout"]}
    return max(measured, key=lambda layer: RULES[rule](measured[layer]), default=None)
