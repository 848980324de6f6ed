"""Rows to choose from: the filter by typed words."""

from __future__ import annotations

import pytest

from steertui.widgets.choices import Choice, filter_choices

ROWS = (Choice("a", "calm", "like a pirate"), Choice("b", "pirate", "loud"), Choice("c", "cook", "calm"))


@pytest.mark.parametrize(
    ("typed", "keys"),
    [("", "abc"), ("pirate", "ba"), ("CALM", "ac"), ("pirate like", "a"), ("pirate cook", "")],
)
def test_every_word_counts_and_names_come_first(typed: str, keys: str) -> None:
    assert "".join(choice.key for choice in filter_choices(ROWS, typed)) == keys
