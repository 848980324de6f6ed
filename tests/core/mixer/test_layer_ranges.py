from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput, UsageError
from core.mixer.layer_ranges import parse_layers, write_layers


@pytest.mark.parametrize(
    ("text", "n_layers", "layers"),
    [
        ("5", 10, [5]),
        ("3-8", 10, [3, 4, 5, 6, 7, 8]),
        ("3-8,12", 13, [3, 4, 5, 6, 7, 8, 12]),
        ("12, 3-4", 13, [3, 4, 12]),
        ("4,3-5", 10, [3, 4, 5]),
        ("all", 3, [0, 1, 2]),
        ("40%-85%", 10, [4, 5, 6, 7, 8, 9]),  # 8.5 is rounded up
        ("37.5%-84.375%", 32, list(range(12, 28))),
        ("0%-100%", 4, [0, 1, 2, 3]),
        ("25%", 10, [3]),  # 2.5 is rounded up, not to even
        ("50%-7", 10, [5, 6, 7]),
    ],
)
def test_what_a_band_means(text: str, n_layers: int, layers: list[int]) -> None:
    assert list(parse_layers(text, n_layers)) == layers


@pytest.mark.parametrize(
    "text",
    [
        "5-3",
        "1..",
        "-1",
        "all,3",
        "",
        ",",
        "3,",
        "1-2-3",
        "a",
        "1.5",
        "0x1",
        "٣",
        "²",
        "1e1",
        "120%",
        "5%%",
        "--",
        "\x00",
        "9" * 30,
    ],
)
def test_what_cannot_be_meant_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="^bad layer range '") as caught:
        parse_layers(text, 10)
    assert caught.value.exit_code == 2


def test_a_layer_beyond_the_model_is_bad_input() -> None:
    with pytest.raises(BadInput, match="layer 40 asked for, the model has 28") as caught:
        parse_layers("3-40", 28)
    assert caught.value.exit_code == 4


def test_a_huge_range_is_refused_before_it_is_counted_out() -> None:
    with pytest.raises(BadInput):
        parse_layers("0-999999999", 28)


@given(st.text(max_size=12), st.integers(1, 200))
def test_any_text_is_a_band_or_one_of_two_sentences(text: str, n_layers: int) -> None:
    try:
        layers = parse_layers(text, n_layers)
    except (UsageError, BadInput):
        return
    assert layers
    assert list(layers) == sorted(set(layers))
    assert layers[0] >= 0
    assert layers[-1] < n_layers


@given(st.sets(st.integers(0, 99), min_size=1))
def test_written_and_read_back(layers: set[int]) -> None:
    assert set(parse_layers(write_layers(tuple(layers)), 100)) == layers


@given(st.integers(0, 100), st.integers(1, 200))
def test_a_share_is_never_more_than_half_a_layer_off(percent: int, n_layers: int) -> None:
    (layer,) = parse_layers(f"{percent}%", n_layers)
    exact = Fraction(percent * n_layers, 100)
    assert (
        layer == n_layers - 1 if exact >= n_layers - 1 else -Fraction(1, 2) < layer - exact <= Fraction(1, 2)
    )
