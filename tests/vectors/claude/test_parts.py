"""The parts of asking that need no server: schemas, prices, allowances, pauses."""

from __future__ import annotations

from typing import Any

import pytest

from vectors.claude.allowance import Allowance
from vectors.claude.errors import ClaudeError
from vectors.claude.failure import LONGEST_WAIT, CallFailure
from vectors.claude.pricing import DEFAULT_MODEL, PRICES, call_bound, call_cost, estimate_calls, find_price
from vectors.claude.question import ClaudeQuestion
from vectors.claude.schema import OURS_ALONE, api_schema, object_schema, schema_fault

PAIRS = object_schema(
    pairs={
        "type": "array",
        "minItems": 1,
        "maxItems": 2,
        "items": object_schema(
            word={"type": "string", "minLength": 1, "maxLength": 5},
            sign={"type": "string", "enum": ["+", "-"]},
            sure={"type": "boolean"},
            much={"type": "number", "minimum": 0},
        ),
    }
)
GOOD: dict[str, Any] = {"word": "cat", "sign": "+", "sure": True, "much": 0.5}


def test_a_value_that_fits_has_no_fault() -> None:
    assert schema_fault({"pairs": [GOOD, GOOD]}, PAIRS) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"pairs": []}, "the reply's pairs has 0 items, at least 1 is wanted"),
        ({"pairs": [GOOD] * 3}, "at most 2 is wanted"),
        ({"pairs": [GOOD | {"word": ""}]}, "item 1's word has 0 characters"),
        ({"pairs": [GOOD, GOOD | {"sign": "*"}]}, "item 2's sign is *, not one of +, -"),
        ({"pairs": [GOOD | {"sure": 1}]}, "sure is no boolean"),
        ({"pairs": [GOOD | {"much": True}]}, "much is no number"),
        ({"pairs": [GOOD | {"much": -0.1}]}, "much is -0.1, at least 0"),
        ({"pairs": "many"}, "pairs is no array"),
        ({}, "has no pairs"),
        ({"pairs": [GOOD], "\x1b[2J": 1}, "\\x1b"),
    ],
)
def test_a_fault_is_named_with_its_place(value: Any, said: str) -> None:
    assert said in str(schema_fault(value, PAIRS))


def test_the_wire_schema_has_nothing_the_api_refuses() -> None:
    text = str(api_schema(PAIRS))
    assert not [name for name in OURS_ALONE if name in text]
    assert text.count("'additionalProperties': False") == 2


def test_prices_of_snapshots_and_strangers() -> None:
    assert find_price("claude-haiku-4-5-20251001") == PRICES["claude-haiku-4-5"]
    assert find_price("claude-of-tomorrow") is None
    assert call_cost("claude-of-tomorrow", 10, 10).dollars is None
    assert call_cost("claude-opus-5-5", 1_000_000, 1_000_000).dollars == pytest.approx(24)


def test_an_estimate_is_a_bound() -> None:
    asked = [ClaudeQuestion("How are you? " * n, PAIRS, DEFAULT_MODEL, max_tokens=200) for n in range(1, 4)]
    bound = estimate_calls(asked)
    assert bound.calls == 3
    assert bound.output == 600
    assert bound.dollars == pytest.approx(sum(call_bound(each).dollars or 0 for each in asked))
    assert "no price known" in str(estimate_calls([ClaudeQuestion("?", PAIRS, "claude-of-tomorrow")]))
    assert str(estimate_calls([])) == "0 calls, 0 tokens, $0.0000"


def test_calls_under_way_count_at_their_bound() -> None:
    allowance = Allowance(dollars=1.0)
    bound = call_cost("claude-opus-5-5", 100_000, 10_000)  # $0.60
    allowance.reserve(bound)
    with pytest.raises(ClaudeError, match="does not cover"):
        allowance.reserve(bound)
    allowance.settle(bound, call_cost("claude-opus-5-5", 1000, 100))
    allowance.reserve(bound)


def test_a_deadline_is_total() -> None:
    now = 100.0
    allowance = Allowance(seconds=10, clock=lambda: now)
    now = 109.0
    allowance.reserve(call_cost(DEFAULT_MODEL, 1, 1))
    assert allowance.left == pytest.approx(1)
    now = 110.0
    with pytest.raises(ClaudeError, match="10 s"):
        allowance.reserve(call_cost(DEFAULT_MODEL, 1, 1))


def test_pauses_double_up_to_a_limit() -> None:
    pauses = [CallFailure("x", transient=True).retry_delay(attempt) for attempt in range(8)]
    assert all(LONGEST_WAIT * 0.75 <= late <= LONGEST_WAIT for late in pauses[5:])
    assert pauses[0] <= 0.5
    assert CallFailure("x", transient=True, wait=3.0).retry_delay(7) == 3.0
