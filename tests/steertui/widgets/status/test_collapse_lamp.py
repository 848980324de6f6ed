"""What the lamp says where there is little room: first what to turn, then why."""

from __future__ import annotations

import pytest

from sessions.state.collapse import ScaleAdvice
from steertui.widgets.status.collapse_lamp import _shorten_advice

WORDS = "l: " + ScaleAdvice("pirate", 0.3, 0.15, "relative", tried=False).words


@pytest.mark.parametrize("width", range(20, 100))
def test_what_to_turn_comes_first_and_the_remark_only_whole(width: int) -> None:
    said = _shorten_advice(WORDS, width)
    assert len(said) <= width
    assert said.startswith("l: pirate +0.30")
    assert "smaller" not in said or said == WORDS


def test_a_name_that_leaves_no_room_is_cut_and_not_left_out() -> None:
    said = _shorten_advice("l: " + ScaleAdvice("x" * 200, 0.3, 0.15, "relative", tried=False).words, 60)
    assert said.startswith("l: xxx")
    assert said.endswith("…")
