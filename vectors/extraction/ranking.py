"""Choice of the best layer: by our rule, or by that of llm-personality-axes for comparison with its
tables.

Ours does not take the highest figure: of a few dozen held-out texts, many layers are equally good within their
intervals, and separation at a layer is no sign that a push there steers. Of these layers it takes the one in the
middle of the model, where a push steers best.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from core.errors import UsageError
from core.mixer.layer_ranges import write_layers
from vectors.data.report_values import Report, number_at, table_at

Layers = Mapping[int, Report]
EARLY = 0.2
"""Share of the layers whose separation is not trusted: it may be that of single tokens."""


def best_layer(layers: Layers, rule: str = "midpoint", n_layers: int | None = None) -> int | None:
    """The layer that `rule` names; None without a hold-out. `n_layers` is the depth of the model."""
    if rule not in RULES:
        raise UsageError(f"no rule {rule!r}; there is {', '.join(RULES)}")
    measured = {layer: found for layer, found in layers.items() if found["n_holdout"]}
    if not measured:
        return None
    return RULES[rule](measured, n_layers or max(measured) + 1)


def first_trusted(n_layers: int) -> int:
    """The first layer that may be chosen by separation alone."""
    return max(1, round(EARLY * n_layers))


def trusted_layers(layers: Sequence[int], n_layers: int) -> list[int]:
    """Without the first fifth, unless there are no others."""
    later = [layer for layer in layers if layer >= first_trusted(n_layers)]
    return later or list(layers)


def perfect_separation(layers: Layers, n_layers: int) -> str:
    """The sentence where every layer, from the first fifth on, tells all held-out texts apart; else empty."""
    measured = {layer: found for layer, found in layers.items() if found["n_holdout"]}
    early = [layer for layer in measured if layer < first_trusted(n_layers)]
    perfect = all(found["accuracy"] == 1.0 and found["auroc"] == 1.0 for found in measured.values())
    # Without an early layer it may be the trait: those are where single tokens are told apart.
    if not early or len(early) == len(measured) or not perfect:
        return ""
    return (
        f"every layer ({write_layers(tuple(measured))}) separates the held-out texts perfectly: so does a single token"
        " that only one side has, and separation cannot say which layer steers"
    )


def _in_the_middle(layers: Layers, n_layers: int) -> int:
    """Of the layers that are as good as the best one within the intervals, the nearest to half the depth."""
    figures = {layer: layers[layer] for layer in trusted_layers(tuple(layers), n_layers)}
    best = figures[max(figures, key=lambda layer: _accuracy_and_d(figures[layer]))]
    alike = [
        layer
        for layer, found in figures.items()
        if all(_upper_end(found, key) >= _lower_end(best, key) for key in ("accuracy", "d"))
    ]
    middle = (n_layers - 1) / 2
    # Of two at the same distance the one with the larger d.
    return min(alike, key=lambda layer: (abs(layer - middle), -number_at(figures[layer], "d")))


def _by_axes(layers: Layers, n_layers: int) -> int:
    """The highest accuracy at zero, ties broken by d."""
    return max(layers, key=lambda layer: _accuracy_and_d(table_at(layers[layer], "axes")))


def _accuracy_and_d(figures: Report) -> tuple[float, float]:
    return number_at(figures, "accuracy"), number_at(figures, "d")


def _lower_end(figures: Report, key: str) -> float:
    return _interval(figures, key)[0]


def _upper_end(figures: Report, key: str) -> float:
    return _interval(figures, key)[1]


def _interval(figures: Report, key: str) -> tuple[float, float]:
    """The confidence interval; the figure itself where there is none."""
    ends = figures.get(f"{key}_ci")
    if isinstance(ends, list | tuple) and len(ends) == 2:
        low, high = ends
        if isinstance(low, int | float) and isinstance(high, int | float):
            return low, high
    return number_at(figures, key), number_at(figures, key)


RULES: Mapping[str, Callable[[Layers, int], int]] = {"midpoint": _in_the_middle, "axes": _by_axes}
"""`midpoint` thresholds at the midpoint of the training classes and pools d."""
