"""Settings to numbers per layer: units, shares, flips, percentiles, decay."""

import numpy as np
import pytest

from core.errors import UsageError
from core.mixer.effects import (
    INFINITY,
    ChannelEffect,
    channel_band,
    channel_dose,
    channel_effects,
    default_band,
    format_layers,
)
from core.mixer.mixer import Channel
from tests.core.reference import vector

NORMS = {0: 2.0, 1: 4.0, 2: 8.0, 3: 16.0}
V = vector(
    0,
    norms={0: 0.5, 1: 0.25, 2: 3.0, 3: 1.0},
    gaps={0: 1.5, 1: 2.5, 2: 3.5, 3: 4.5},
    projections={layer: np.arange(101.0) * layer for layer in range(4)},
)


def pushes(**settings):
    channel = Channel(V, **{"layers": range(4), **settings})
    return {layer: level.push for layer, level in channel_effects(channel, 4, lambda: NORMS).items()}


@pytest.mark.parametrize(
    ("unit", "one"),
    [("relative", NORMS), ("natural", V.gaps), ("raw", V.norms), ("unit", dict.fromkeys(range(4), 1.0))],
)
def test_what_one_unit_is(unit, one):
    assert pushes(scale=-2.0, unit=unit) == {layer: -2.0 * x for layer, x in one.items()}


def test_shares():
    assert pushes(scale=2.0, unit="unit", weights={1: 0.5, 3: -1.0}) == {0: 0, 1: 1.0, 2: 0, 3: -2.0}
    assert pushes(scale=2.0, unit="unit", split=True) == dict.fromkeys(range(4), 0.5)
    shaped = pushes(scale=3.0, unit="unit", split=True, weights={0: 1.0, 1: 1.0, 2: 4.0})
    assert shaped == {0: 0.5, 1: 0.5, 2: 2.0, 3: 0.0}
    assert sum(shaped.values()) == 3.0
    assert pushes(scale=2.0, split=True, weights={0: 0.0}) == dict.fromkeys(range(4), 0.0)


def test_a_flip_turns_push_and_bounds_and_leaves_the_gain():
    channel = Channel(V, 2.0, "unit", layers=[1], gain=0.5, floor=-1.0, ceiling=3.0)
    assert channel_effects(channel, 4, dict)[1] == ChannelEffect(2.0, 0.5, -1.0, 3.0)
    turned = Channel(V, 2.0, "unit", layers=[1], gain=0.5, floor=-1.0, ceiling=3.0, flipped=True)
    assert channel_effects(turned, 4, dict)[1] == ChannelEffect(-2.0, 0.5, -3.0, 1.0)
    floor = Channel(V, floor=1.0, layers=[1], flipped=True)
    assert channel_effects(floor, 4, dict)[1] == ChannelEffect(0.0, None, -INFINITY, -1.0)


def test_percentiles_per_layer_come_from_the_vector():
    channel = Channel(V, floor="p25", ceiling="p90", layers=[1, 2])
    assert {layer: (x.floor, x.ceiling) for layer, x in channel_effects(channel, 4, dict).items()} == {
        1: (25.0, 90.0),
        2: (50.0, 180.0),
    }
    with pytest.raises(UsageError, match=r"'v1' holds no projections at layer 1 .* run steertui check v1"):
        channel_effects(Channel(vector(1), floor="p25", layers=[1]), 4, dict)


def test_bounds_by_layer_hold_where_they_are_named():
    channel = Channel(V, ceiling={2: 1.5}, layers=[1, 2])
    assert [x.is_capped for x in channel_effects(channel, 4, dict).values()] == [False, True]
    with pytest.raises(UsageError, match="'v0' at layer 2: floor 2 lies above ceiling 1.5"):
        channel_effects(Channel(V, floor=2.0, ceiling={2: 1.5}, layers=[2]), 4, dict)


def test_a_half_life_halves_the_push_and_nothing_else():
    channel = Channel(V, 8.0, "unit", layers=[1], half_life=4.0, ceiling=1.0)
    aged = [channel_effects(channel, 4, dict, age)[1] for age in (0.0, 4.0, 8.0, 1e6)]
    assert [x.push for x in aged] == [8.0, 4.0, 2.0, 0.0]
    assert {x.ceiling for x in aged} == {1.0}


def test_the_dose_is_in_mean_residual_norms():
    assert channel_dose(Channel(V, 0.3, layers=[1, 2]), 4, lambda: NORMS) == pytest.approx((0.3, 0.6))
    assert channel_dose(Channel(V, 0.3, layers=[1, 2], split=True), 4, lambda: NORMS) == pytest.approx(
        (0.15, 0.3)
    )
    assert channel_dose(Channel(V, 4.0, "unit", layers=[0, 2]), 4, lambda: NORMS) == pytest.approx((2.0, 2.5))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            {"unit": "natural", "scale": 1.0},
            "natural units need the class gap of 'v1'.*run steertui check v1",
        ),
        ({"unit": "raw", "scale": 1.0}, "'v1' has no raw size at layer 0: use unit or relative"),
        ({"layers": [0, 7]}, "vector 'v1' has no layer 7: it covers 0–3"),
    ],
)
def test_what_a_vector_cannot_do(settings, words):
    with pytest.raises(UsageError, match=words):
        channel_effects(Channel(vector(1), **{"layers": range(4), **settings}), 4, lambda: NORMS)


def test_a_silent_channel_asks_for_no_unit():
    assert channel_effects(Channel(vector(1), 0.0, "natural", layers=[0]), 4, dict)[0] == ChannelEffect()


@pytest.mark.parametrize(("n_layers", "ends"), [(32, (12, 27)), (4, (2, 3)), (1, (0, 0)), (80, (30, 68))])
def test_the_default_band(n_layers, ends):
    layers = default_band(n_layers)
    assert (layers[0], layers[-1]) == ends


def test_whose_band_it_is():
    hinted = vector(0, suggestion={"layers": [1, 9]})
    assert channel_band(Channel(hinted), 4) == (1,)
    assert channel_band(Channel(hinted, layers=[2]), 4) == (2,)
    assert channel_band(Channel(V), 4) == (2, 3)
    assert channel_band(Channel(vector(0, layers=[0])), 4) == (0,)


def test_joining():
    one = ChannelEffect(1.0, None, -2.0, 5.0)
    assert one.combined_with(ChannelEffect(0.5, 0.0, -1.0), 1.0, "x") == ChannelEffect(1.5, 0.0, -1.0, 5.0)
    assert one.combined_with(ChannelEffect(0.5, None, -1.0, 3.0), -1.0, "x") == ChannelEffect(
        0.5, None, -2.0, 1.0
    )
    with pytest.raises(UsageError, match="x contradict each other: no projection is both ≥ 6 and ≤ 5"):
        one.combined_with(ChannelEffect(floor=6.0), 1.0, "x")
    with pytest.raises(UsageError, match="x contradict each other: no projection is both ≥ 1 and ≤ -1"):
        ChannelEffect(floor=1.0).combined_with(ChannelEffect(floor=1.0), -1.0, "x")
    with pytest.raises(UsageError, match="x point the same way but ask for gains 0 and 2"):
        ChannelEffect(gain=0.0).combined_with(ChannelEffect(gain=2.0), 1.0, "x")


def test_layers_as_a_person_writes_them():
    assert format_layers([5, 3, 4, 12]) == "3–5, 12"
