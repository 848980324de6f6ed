"""The loudest channel is the one that pushes furthest, whatever the numbers on the dials say."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.journal import events as ev
from sessions.state.collapse import advise_scale
from sessions.state.loudness import loudest_channel, push_size, unknown_size
from sessions.state.state import AnswerToken, SessionState

NORMS = {str(layer): 10.0 for layer in range(4)}


def vector(name: str, gap: float) -> ev.VectorChanged:
    return ev.VectorChanged(
        name=name, sha256=None, source="", layers=[0, 1, 2, 3], gaps=dict.fromkeys(("0", "1", "2", "3"), gap)
    )


def session(**gaps: float) -> SessionState:
    facts = {"n_layers": 4, "residual_norms": NORMS}
    model = ev.ModelChanged(name="m", state="ready", facts=facts)
    return SessionState(model=model, vectors={name: vector(name, gap) for name, gap in gaps.items()})


def channel(name: str, scale: float, unit: str, *layers: int) -> dict[str, Any]:
    return {"name": name, "scale": scale, "unit": unit, "layers": list(layers)}


def heard(*channels: dict[str, Any]) -> tuple[list[list[AnswerToken]], dict[str, Any]]:
    return [[AnswerToken(7, "", mix="m") for _ in range(64)]], {"m": {"channels": list(channels)}}


SMALL, LARGE = channel("soft", 2.0, "natural", 1), channel("loud", 0.5, "relative", 1)
WIDE, DEEP = channel("wide", 0.2, "relative", 0, 1, 2, 3), channel("deep", 0.5, "relative", 1)


def test_planted_the_smaller_number_pushes_further() -> None:
    """A gap of 1 beside residual norms of 10: two natural units are 0.2 norms, half a relative one is 0.5."""
    state = session(soft=1.0, loud=1.0)
    size = push_size(state)
    assert (size(SMALL), size(LARGE)) == (pytest.approx(0.2), pytest.approx(0.5))
    assert loudest_channel([SMALL, LARGE], size) is LARGE
    found = advise_scale(*heard(SMALL, LARGE), size)
    assert found is not None
    assert (found.channel, found.scale, found.unit) == ("loud", 0.25, "relative")


def test_null_a_gap_as_long_as_the_norm_leaves_the_order_of_the_numbers() -> None:
    size = push_size(session(soft=10.0, loud=10.0))
    assert (size(SMALL), size(LARGE)) == (pytest.approx(2.0), pytest.approx(0.5))
    assert loudest_channel([SMALL, LARGE], size) is SMALL


def test_a_band_adds_up() -> None:
    assert loudest_channel([WIDE, DEEP], push_size(session(wide=1.0, deep=1.0))) is WIDE


def test_what_cannot_be_compared_is_not() -> None:
    """Without sizes one unit is a scale of its own, two are none; and nothing is advised."""
    assert loudest_channel([WIDE, DEEP], unknown_size) is DEEP
    assert loudest_channel([SMALL, LARGE], unknown_size) is None
    assert loudest_channel([], unknown_size) is None
    assert advise_scale(*heard(SMALL, LARGE)) is None
    assert push_size(SessionState())(SMALL) is None


def test_a_scale_on_another_band_or_the_other_way_has_not_been_tried() -> None:
    words = [
        *[AnswerToken(n, "", mix="then") for n in range(40)],
        *[AnswerToken(7, "", mix="now") for _ in range(40)],
    ]
    now = channel("loud", 0.6, "relative", 1)
    for then, tried in (
        (channel("loud", 0.3, "relative", 1), True),
        (channel("loud", 0.3, "relative", 2), False),
        (channel("loud", -0.3, "relative", 1), False),
        (channel("loud", 0.3, "relative", 1) | {"flipped": True}, False),
    ):
        found = advise_scale([words], {"then": {"channels": [then]}, "now": {"channels": [now]}})
        assert found is not None
        assert found.tried is tried
