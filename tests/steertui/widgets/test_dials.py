"""Dials, faders and bars: what is drawn is what the engine plays, and an edit moves what it says and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import UsageError
from core.mixer.effects import channel_effects
from core.mixer.mixer import Channel
from sessions.state.channel_words import format_signed
from sessions.state.vector_facts import VectorFacts
from steertui.screens.desk.mixer import edits as hands
from steertui.screens.desk.mixer.edits import MixerBoard
from steertui.widgets.bars import draw_sparkline, fader_column, scale_bar
from steertui.widgets.mixer import bank_values
from steertui.widgets.mixer.dial import cap_text, scale_after_step

N = 10
RESIDUAL = {layer: 2.0 + layer for layer in range(N)}
VECTOR = VectorFacts(
    "pirate",
    "0" * 64,
    dict.fromkeys(range(1, N)),
    norms={layer: 1.0 + layer / 2 for layer in range(N)},
    gaps={layer: 0.5 + layer / 4 for layer in range(N)},
)


def channel(**settings: object) -> Channel:
    return Channel(VECTOR, **{"scale": 0.3, **settings})  # type: ignore[arg-type]


def board(**settings: object) -> MixerBoard:
    return hands.add_channel(MixerBoard(n_layers=N, residual=RESIDUAL), Channel.suggested(VECTOR)).board.edit(
        **settings
    )


def pushes(each: Channel) -> dict[int, float]:
    """What the engine adds per layer: the independent reference."""
    return {layer: level.push for layer, level in channel_effects(each, N, lambda: RESIDUAL).items()}


CHANNELS = [
    channel(),
    channel(split=True),
    channel(flipped=True, split=True),
    channel(weights={4: 1.0, 5: -0.5, 6: 0.25}, layers=(4, 5, 6)),
    channel(weights={4: 1.0, 5: -0.5}, layers=(4, 5, 6), split=True),
]


@pytest.mark.parametrize("each", CHANNELS)
def test_faders_show_what_the_engine_plays(each: Channel) -> None:
    shown = {
        layer: value for layer, value in enumerate(bank_values.layer_scales(each, N)) if value is not None
    }
    assert shown == pytest.approx({layer: push / RESIDUAL[layer] for layer, push in pushes(each).items()})


@pytest.mark.parametrize("each", CHANNELS)
@pytest.mark.parametrize("layer", [1, 5, 9])
def test_drawing_one_layer_leaves_the_others(each: Channel, layer: int) -> None:
    before = bank_values.layer_scales(each, N)
    after = bank_values.layer_scales(bank_values.set_layer(each, N, layer, -0.7), N)
    assert after[layer] == pytest.approx(-0.7)
    for other in range(N):
        if other != layer:
            assert after[other] == (None if before[other] is None else pytest.approx(before[other]))


def test_drawing_where_the_vector_has_no_layer_does_nothing() -> None:
    assert bank_values.set_layer(channel(), N, 0, 1.0) == channel()


@pytest.mark.parametrize("each", CHANNELS)
@pytest.mark.parametrize("unit", ["relative", "natural", "unit", "raw"])
def test_another_unit_is_the_same_push(each: Channel, unit: str) -> None:
    assert pushes(bank_values.convert_unit(each, N, unit, RESIDUAL)) == pytest.approx(pushes(each))


def test_shapes_go_round_and_keep_the_band() -> None:
    each, seen = channel(layers=range(2, 9)), []
    for _ in range(3):
        each = bank_values.next_shape(each, N)
        seen.append(bank_values.shape_name(each, N))
        assert each.layers == tuple(range(2, 9))
    assert seen == ["ramp", "bell", "flat"]
    assert bank_values.shape_name(bank_values.set_layer(each, N, 4, 0.9), N) == "drawn"


def test_a_band_never_leaves_the_vector_and_never_empties() -> None:
    each = channel(layers=(4, 5))
    for _ in range(12):
        each = bank_values.grow_band(each, N, +1)
    assert each.layers == tuple(range(1, N))
    for _ in range(12):
        each = bank_values.grow_band(each, N, -1)
    assert each.layers


def test_steps_meet_zero_and_follow_the_shown_sign() -> None:
    assert scale_after_step(channel(scale=0.3), +1, coarse=False) == pytest.approx(0.35)
    assert scale_after_step(channel(scale=0.1), -1, coarse=True) == 0.0
    assert scale_after_step(channel(scale=0.3, flipped=True), +1, coarse=False) == pytest.approx(0.25)


def test_flip_shows_the_mirrored_cap() -> None:
    capped = channel(floor=0.5, ceiling=2)
    assert cap_text(capped) == "≥ 0.5 ≤ 2"
    assert cap_text(replace(capped, flipped=True)) == "≥ −2 ≤ −0.5"
    assert cap_text(replace(capped, ceiling=None, flipped=True)) == "≤ −0.5"
    layered = channel(ceiling={7: -604.629, 8: -400.0, 9: -366.112}, flipped=True)
    assert cap_text(layered) == "≥ 366…605", "every bound changes its side, and the lowest stands first"
    assert cap_text(replace(layered, flipped=False)) == "≤ −605…−366"


def test_cap_toggles_and_remembers() -> None:
    on = hands.set_cap(board(), 0.5, None)
    off = hands.toggle_cap(on)
    assert off is not None
    assert not off.board.channel.is_capped
    again = hands.toggle_cap(off.board)
    assert again is not None
    assert again.board.channel.floor == 0.5
    assert hands.toggle_cap(board()) is None


def test_an_empty_rack_says_how_to_begin() -> None:
    with pytest.raises(UsageError, match="a adds a vector"):
        hands.flip(MixerBoard())


def test_scale_bar_fills_from_the_middle() -> None:
    for width in (11, 12, 40):
        for value in (-1.0, -0.3, 0.0, 0.01, 1.0, 5.0):
            assert len("".join(scale_bar(value, 1.0, width))) == width
    left, middle, right, _ = scale_bar(-0.5, 1.0, 21)
    assert (left.count("─"), middle.count("━"), right) == (5, 5, "")
    assert scale_bar(0.0, 1.0, 21)[1:3] == ("┃", "")


def test_columns_hang_below_zero_and_end() -> None:
    assert fader_column(0.5, 1.0, 4) == [("█", False), ("█", False), (" ", False), (" ", False)]
    assert fader_column(-0.5, 1.0, 4) == [(" ", True), (" ", True), (" ", False), (" ", False)]
    assert fader_column(-1 / 16, 1.0, 2) == [("▇", True), (" ", False)]
    assert fader_column(1e-9, 1.0, 2)[0] == ("▁", False)


def test_sparkline_spans_its_values() -> None:
    assert draw_sparkline([0, 1, 2, 3], 4) == "▁▃▆█"
    assert draw_sparkline([5, 5], 4) == "▁▁"
    assert draw_sparkline([], 4) == ""
    assert draw_sparkline(range(100), 3) == draw_sparkline([97, 98, 99], 3)


def test_numbers_carry_a_true_minus() -> None:
    assert [format_signed(x) for x in (0.3, -0.3, 0.0, -0.0001)] == ["+0.30", "−0.30", "0.00", "0.00"]
