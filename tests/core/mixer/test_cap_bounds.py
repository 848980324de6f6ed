"""A cap is written in one language, wherever it is typed."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import UsageError
from core.mixer.cap_bounds import check_bound, parse_bound, parse_bounds
from core.mixer.mixer import Channel

SPELLINGS = [
    (">0.5", (0.5, None)),
    ("≥ 0.5 ≤ 2", (0.5, 2.0)),
    (">=0.5,<=2", (0.5, 2.0)),
    ("<p75", (None, "p75")),
    ("floor=-1, ceiling=1", (-1.0, 1.0)),
    ("ceiling=1,floor=p2.5", ("p2.5", 1.0)),
    ("floor=-1 <1", (-1.0, 1.0)),
    (">−1 <1", (-1.0, 1.0)),
]


@pytest.mark.parametrize(("text", "bounds"), SPELLINGS)
def test_every_spelling_is_read(text: str, bounds: tuple[Any, Any]) -> None:
    assert parse_bounds(text) == bounds


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a cap needs a floor, a ceiling or both"),
        ("loud", "cannot read 'loud' as a cap"),
        (">", "cannot read '>' as a cap"),
        ("0.5", "cannot read '0.5' as a cap"),
        (">1 and <2", "cannot read 'and <2' as a cap"),
        ("> loud", "floor must be a finite number or a percentile such as p25, not 'loud'"),
        ("<p", "ceiling must be a finite number or a percentile such as p25, not 'p'"),
        (">nan", "floor must be a finite number"),
        ("<p101", "ceiling 'p101' must be a percentile from p0 to p100"),
        (">1 >2", "floor is given twice"),
    ],
)
def test_what_is_no_cap_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        parse_bounds(text)


@pytest.mark.parametrize("word", ["p25", "p2.5", "p+25", "p1e1", "-1", "1e3"])
def test_a_bound_that_is_read_is_one_that_a_channel_takes(word: str) -> None:
    assert Channel(None, floor=parse_bound("floor", word)).is_capped


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("p025.50", "p25.5"),
        ("p1e1", "p10"),
        ("p-0", "p0"),
        ("p1e-999999", "p0"),
        ("p1e-9999999999999999999", "p0"),
        ("p0e99999999999999999999", "p0"),
    ],
)
def test_a_percentile_of_any_exponent_is_kept_in_few_digits(typed: str, kept: str) -> None:
    assert check_bound("floor", typed) == kept
