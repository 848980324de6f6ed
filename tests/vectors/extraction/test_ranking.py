"""The best layer: planted figures whose intervals overlap or not, early layers, sets that every layer separates."""

from __future__ import annotations

import pytest

import vectors
from core.json_values import JsonValue
from tests.vectors import planted
from vectors.extraction.ranking import best_layer, perfect_separation

N_LAYERS = 30
Figures = dict[str, JsonValue]


def row(d: float, width: float = 0.5, accuracy: float = 0.95) -> Figures:
    return {
        "d": d,
        "d_ci": [d - width, d + width],
        "accuracy": accuracy,
        "accuracy_ci": [accuracy - 0.05, min(1.0, accuracy + 0.05)],
        "auroc": 1.0 if accuracy == 1.0 else 0.97,
        "n_holdout": 40,
    }


def rows(**changed: Figures) -> dict[int, Figures]:
    """Every layer at d 1 except the named ones, as `_14`."""
    return {layer: row(1.0) for layer in range(N_LAYERS)} | {
        int(name[1:]): found for name, found in changed.items()
    }


def test_the_best_layer_stands_alone_where_no_interval_reaches_it() -> None:
    assert best_layer(rows(_25=row(5.0), _14=row(3.9)), n_layers=N_LAYERS) == 25


def test_of_layers_that_are_as_good_the_nearest_to_the_middle_is_taken() -> None:
    figures = rows(_25=row(5.0), _22=row(4.8), _17=row(4.2), _14=row(3.9))
    assert best_layer(figures, n_layers=N_LAYERS) == 17
    # Of two at the same distance from 14.5, the one with the larger d.
    assert best_layer(rows(_14=row(4.6), _15=row(4.7), _27=row(5.0)), n_layers=N_LAYERS) == 15


def test_an_interval_of_d_that_overlaps_does_not_make_up_for_fewer_right_answers() -> None:
    figures = rows(_25=row(5.0, accuracy=1.0), _14=row(4.9, accuracy=0.8))
    assert best_layer(figures, n_layers=N_LAYERS) == 25


def test_the_first_fifth_never_wins_by_separation() -> None:
    figures = rows(_0=row(101.0), _5=row(50.0), _6=row(2.5), _20=row(3.0))
    assert best_layer(figures, n_layers=N_LAYERS) == 20
    assert best_layer({layer: row(3.0 + layer) for layer in range(4)}, n_layers=N_LAYERS) == 3, (
        "unless it is all that was asked for"
    )


def test_the_rule_of_llm_personality_axes_is_left_as_it_is() -> None:
    figures = rows()
    for layer, found in figures.items():
        found["axes"] = {"accuracy": 0.9, "d": 9.0 if layer == 0 else 1.0}
    assert best_layer(figures, "axes", N_LAYERS) == 0


def test_a_set_that_every_layer_separates_is_said_to_be_so() -> None:
    everywhere = {layer: row(5.0, accuracy=1.0) for layer in range(N_LAYERS)}
    assert perfect_separation(everywhere, N_LAYERS).startswith(
        "every layer (0-29) separates the held-out texts"
    )
    assert perfect_separation(everywhere | {3: row(5.0, accuracy=0.95)}, N_LAYERS) == ""
    assert perfect_separation({layer: row(5.0, accuracy=1.0) for layer in (14, 15)}, N_LAYERS) == ""
    assert perfect_separation({}, N_LAYERS) == ""


@pytest.mark.parametrize("gap", [12.0, 0.0])
def test_it_is_said_in_the_result_and_on_the_card(gap: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that only one side has, at the token that is read; then the same without it."""
    monkeypatch.setattr(planted, "WRITTEN", gap)
    model, _ = planted.mute()
    pairs = planted.pairs(100)
    if not gap:
        # Words of both lists on either side: nothing tells the sides apart.
        pairs = [(a, b) if n % 2 else (b, a) for n, (a, b) in enumerate(pairs)]
    found = vectors.extract(model, pairs, suggest=False)
    said = [warning for warning in found.warnings if "perfectly" in warning]
    on_card = [warning for warning in found.vector.card.warnings if "perfectly" in warning]
    assert (len(said), len(on_card)) == ((1, 1) if gap else (0, 0))
