"""Caps and the other settings of a strip: what is typed, what it means in numbers, what is refused with a way out."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from core.errors import UsageError
from core.mixer.effects import channel_bounds
from core.mixer.mixer import Channel, Mixer
from sessions.state.vector_facts import VectorFacts
from steertui.screens.desk.dialogs.form import DeskForm
from steertui.screens.desk.dialogs.strip import edit_from_form
from steertui.screens.desk.mixer import caps
from steertui.screens.desk.mixer import edits as hands
from steertui.screens.desk.mixer.edits import MixerBoard
from tests.steertui.app.stage import Stage, stage
from tests.steertui.hostile import EVERY_HOSTILE, talks_to_terminal

pytestmark = pytest.mark.anyio

LAYERS = range(10)
MEASURED = VectorFacts(
    "axis",
    "1" * 64,
    dict.fromkeys(LAYERS),
    percentiles={layer: {5.0: -1.0 * layer, 25.0: 1.0 * layer, 75.0: 3.0 * layer} for layer in LAYERS},
    midpoints={layer: 0.5 * layer for layer in LAYERS},
)
BARE = VectorFacts("bare", "2" * 64, dict.fromkeys(LAYERS))


def board(vector: VectorFacts = MEASURED, **settings: object) -> MixerBoard:
    channel = Channel(vector, layers=(4, 5, 6), **settings)  # type: ignore[arg-type]
    return MixerBoard(Mixer((channel,)), n_layers=10)


def held(text: str, on: MixerBoard | None = None) -> tuple[tuple[int, ...] | None, list[tuple[float, float]]]:
    on = on or board()
    channel = caps.apply_cap(on, caps.parse_cap(on, text)).board.channel
    return channel.layers, [channel_bounds(channel, layer) for layer in channel.layers or ()]


def test_percentiles_come_to_the_numbers_that_were_measured() -> None:
    assert held(">p25") == ((4, 5, 6), [(4.0, float("inf")), (5.0, float("inf")), (6.0, float("inf"))])
    assert caps.cap_meaning(board(), caps.parse_cap(board(), ">p25 <p75")) == "≥ 4 … 6 ≤ 12 … 18 on L4–6"
    assert MEASURED.percentile(4, 50) == pytest.approx(8.0), "half way between p25 and p75"
    assert MEASURED.percentile(4, 99) is None, "nothing is made up outside what was measured"


def test_presets_name_their_own_band() -> None:
    assert held("paper") == ((7, 8, 9), [(float(layer), float("inf")) for layer in (7, 8, 9)])
    assert held("small model")[0] == (3, 4, 5, 6, 7)
    assert held("neutral") == ((4, 5, 6), [(2.0, 2.0), (2.5, 2.5), (3.0, 3.0)])
    assert caps.cap_meaning(board(), caps.parse_cap(board(), "neutral")) == "= 2 … 3 on L4–6"
    assert not caps.apply_cap(board(floor=1.0), caps.parse_cap(board(), "off")).board.channel.is_capped


@pytest.mark.parametrize("text", [">0.5", "<p75", ">-1 <1", "neutral"])
def test_a_flipped_strip_is_capped_where_it_was_said_along_the_vector_as_loaded(text: str) -> None:
    assert held(text, board(flipped=True)) == held(text)


@pytest.mark.parametrize("text", [">p25", "paper", "neutral"])
def test_what_was_never_measured_is_refused_with_the_command_to_run(text: str) -> None:
    with pytest.raises(UsageError, match="run steertui check bare"):
        held(text, board(BARE))


@pytest.mark.parametrize("text", ["", "loud", ">", "p25"])
def test_what_is_no_cap_says_how_one_is_written(text: str) -> None:
    with pytest.raises(UsageError, match=r">0\.5"):
        held(text)


VALUES = {
    "shown": 0.0,
    "layers": (4, 5, 6),
    "split": False,
    "gain": None,
    "scope": "all",
    "half_life": None,
    "keep_norm": False,
}


def test_a_form_that_says_nothing_new_changes_nothing() -> None:
    assert edit_from_form(board(), dict(VALUES)) is None
    edit = edit_from_form(board(), VALUES | {"gain": 0.0, "keep_norm": True})
    assert edit is not None
    assert (edit.board.channel.gain, edit.board.mixer.keep_norm) == (0.0, True)
    assert edit.words == "mixer → keep norm · axis → gain ×0"


async def filled(at: Stage, **values: str) -> None:
    await at.press("g")
    await at.until(lambda: isinstance(at.pilot.app.screen, DeskForm))
    for name, value in values.items():
        at.pilot.app.screen.query_one(f"#field-{name}", Input).value = value
    await at.press("enter")


async def test_a_preset_is_shown_in_numbers_chosen_and_undone() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("C")
        await at.sees("small model", "≥ 1 on L3–7", "= 0.25 on L")
        await at.press("down", "enter")
        channel = at.desk.mixer_panel.board.channel
        assert (channel.floor, channel.layers) == ("p25", (7, 8, 9))
        await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
        assert at.desk.link.state.mixer.state["channels"][0]["floor"] == "p25"
        await at.press("z")
        assert not at.desk.mixer_panel.board.channel.is_capped


def test_the_band_of_a_preset_goes_with_the_cap() -> None:
    paper = caps.apply_cap(board(), caps.parse_cap(board(), "paper"))
    assert paper.words == "axis → cap ≥ p25 · axis → L7–9"
    off = hands.toggle_cap(paper.board)
    assert off is not None
    assert (off.board.channel.layers, off.words) == (
        (4, 5, 6),
        "axis → cap off · axis → L4–6",
    )
    again = hands.toggle_cap(off.board)
    assert again is not None
    assert (again.board.channel.layers, again.board.channel.floor) == ((7, 8, 9), "p25")
    small = caps.apply_cap(again.board, caps.parse_cap(again.board, "small model")).board
    assert caps.apply_cap(small, caps.parse_cap(small, "off")).board.channel.layers == (4, 5, 6)


def test_a_band_that_was_changed_by_hand_stays_when_the_cap_goes() -> None:
    paper = caps.apply_cap(board(), caps.parse_cap(board(), "paper")).board
    off = hands.toggle_cap(hands.resize_band(paper, -1).board)
    assert off is not None
    assert off.board.channel.layers == (8,)


async def test_a_preset_says_that_it_moves_the_whole_strip() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("C", *"paper", "enter")
        assert any("pirate acts on L7–9 now (push and cap)" in toast for toast in at.toasts)


async def test_what_is_typed_is_shown_in_numbers_before_it_is_taken() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("C", *">p25 <p75")
        await at.sees("≥ 1 ≤ 3 on L")
        await at.press("enter")
        assert (at.desk.mixer_panel.board.channel.floor, at.desk.mixer_panel.board.channel.ceiling) == (
            "p25",
            "p75",
        )


async def test_a_cap_that_cannot_be_typed_is_told_and_the_line_is_left_for_another() -> None:
    async with stage(size=(80, 24)) as at:
        await at.add("pirate")
        await at.press("C", *">p25", "enter", "f", "C")
        assert at.pilot.app.screen.query_one(Input).value == ""
        await at.sees("it is capped at ≤ −p25", "↑ ↓ preset")
        await at.press("q", "backspace")
        await at.sees("it is capped at ≤ −p25", "↑ ↓ preset")
        assert "␊" not in "\n".join(at.drawn())


async def test_a_cap_in_numbers_can_be_typed_on() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.press("C", *">0.5", "enter", "C")
        assert at.pilot.app.screen.query_one(Input).value == "≥ 0.5"


async def test_the_strip_form_reaches_the_model_and_explains_what_it_cannot_mean() -> None:
    async with stage() as at:
        await at.add("pirate")
        await filled(at, gain="0", scope="response", half_life="12", layers="3-4")
        channel = at.desk.mixer_panel.board.channel
        assert (channel.gain, channel.scope, channel.half_life, channel.layers) == (0, "response", 12, (3, 4))
        await at.until(lambda: at.desk.link.state.mixer.rev == at.desk.mixer_rev)
        assert at.desk.link.state.mixer.state["channels"][0]["gain"] == 0
        await filled(at, half_life="-1")
        await at.sees("half-life: it must be positive")
        await at.press("escape")
        await filled(at, layers="3-40")
        await at.sees("layer 40 asked for, the model has 10")


async def test_a_hostile_name_is_only_drawn() -> None:
    async with stage() as at:
        await at.ready()
        await at.desk.link.request("vector.load", source="pirate", name=EVERY_HOSTILE.replace("\ud800", "?"))
        (vector,) = at.desk.link.state.vectors.values()
        at.desk.mixer_panel.try_edit(
            lambda: hands.add_channel(
                at.desk.mixer_panel.board, Channel.suggested(VectorFacts.from_event(vector))
            )
        )
        await at.press("tab")
        for key in ("C", "g"):
            await at.press(key)
            assert not talks_to_terminal("\n".join(at.drawn()))
            await at.press("escape")
