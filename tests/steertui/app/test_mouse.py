"""The mouse does what the keys do: select, drag a dial, paint faders, turn the wheel, press a hint."""

from __future__ import annotations

import pytest
from textual import events
from textual.widget import Widget

from steertui.widgets.status.hints import Hints
from tests.steertui.app.stage import Stage, stage

pytestmark = pytest.mark.anyio


async def drag(at: Stage, selector: str, path: list[tuple[int, int]]) -> None:
    await at.pilot.mouse_down(selector, offset=path[0])
    for offset in path[1:]:
        await at.pilot.hover(selector, offset=offset)
    await at.pilot.mouse_up(selector, offset=path[-1])
    await at.pilot.pause()


async def wheel(at: Stage, widget: Widget, kind: type[events.MouseEvent], x: int, y: int) -> None:
    widget.post_message(kind(widget, x, y, 0, 0, 0, False, False, False))
    await at.pilot.pause()


async def test_a_click_selects_and_a_drag_sets_the_scale() -> None:
    async with stage() as at:
        await at.add("pirate")
        await at.add("poet")
        assert at.desk.mixer_panel.board.selected == 1
        await at.pilot.click("#strips", offset=(6, 1))
        assert at.desk.mixer_panel.board.selected == 0
        # The bar of strip 1 is its second row; far left is the lowest value.
        await drag(at, "#strips", [(20, 2), (4, 2)])
        assert at.desk.mixer_panel.board.mixer.channels[0].scale == -1.0
        assert at.desk.mixer_panel.board.mixer.channels[1].scale == 0.3


async def test_the_wheel_turns_the_strip_under_it() -> None:
    async with stage() as at:
        await at.add("pirate")
        strips = at.desk.mixer_panel.strips
        for kind in (events.MouseScrollUp, events.MouseScrollUp, events.MouseScrollDown):
            await wheel(at, strips, kind, 5, 1)
        assert at.desk.mixer_panel.board.channel.scale == pytest.approx(0.35)
        bank = at.desk.mixer_panel.bank
        await wheel(at, bank, events.MouseScrollUp, 2 + 5 * bank.pitch, 2)
        assert bank.faders[5] == pytest.approx(0.07 + 0.05)


async def test_painting_across_the_bank_draws_every_layer_it_passes() -> None:
    async with stage(size=(140, 40)) as at:
        await at.add("pirate")
        bank = at.desk.mixer_panel.bank
        pitch, border = bank.pitch, 2
        await drag(at, "#bank", [(border + layer * pitch, 2) for layer in range(3, 7)])
        drawn = bank.faders
        assert all(drawn[layer] and drawn[layer] > 0.05 for layer in range(3, 7))
        assert drawn[8] == pytest.approx(0.06)
        assert at.desk.mixer_panel.board.channel.weights


async def test_keys_in_the_bank_move_one_fader() -> None:
    async with stage(size=(140, 40)) as at:
        await at.add("pirate")
        at.desk.mixer_panel.bank.focus()
        await at.press("right", "up", "up", "pageup")
        assert at.desk.mixer_panel.bank.cursor == 5
        faders = at.desk.mixer_panel.bank.faders
        assert faders[5] == pytest.approx(0.06 + 0.05 + 0.05 + 0.25)
        assert faders[4] == pytest.approx(0.06)


async def test_a_layer_is_typed_and_the_others_stay() -> None:
    async with stage(size=(140, 40)) as at:
        await at.add("pirate")
        at.desk.mixer_panel.bank.focus()
        await at.press("right", "equals_sign")
        await at.sees("layer 5 of pirate (rel)")
        await at.press(*("backspace",) * 6, *"0.4", "enter")
        await at.until(lambda: at.desk.mixer_panel.bank.faders[5] == pytest.approx(0.4))
        assert at.desk.mixer_panel.bank.faders[4] == pytest.approx(0.06)


async def test_the_bank_tells_strength_in_residual_norms_whatever_the_unit() -> None:
    async with stage(size=(140, 40)) as at:
        await at.add("pirate")
        bank = at.desk.mixer_panel.bank
        before = dict(bank.strengths)
        assert before[5] == pytest.approx(0.06)
        await at.press("u")
        await at.sees("= 0.06‖h‖")
        assert bank.strengths == pytest.approx(before)


async def test_a_hint_is_a_button() -> None:
    async with stage() as at:
        await at.add("pirate")
        hints = at.desk.query_one(Hints)
        await at.until(lambda: any(words == "bypass" for _, words, _ in hints.hints))
        before = "".join(f" {key} {words} " for key, words, _ in hints.hints).index("bypass")
        await at.pilot.click(Hints, offset=(before + 1, 0))
        await at.until(lambda: at.desk.mixer_panel.board.mixer.bypassed)
