"""Errors and notices: what a part posts or a screen warns of stands on the screen, made safe."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from steertui.screens.notices import ERROR_S, ScreenNotice, ShowsNotices

pytestmark = pytest.mark.anyio


class Page(ShowsNotices, Screen[None]):
    def compose(self) -> ComposeResult:
        yield Static("part")


async def test_a_warning_and_a_notice_of_a_part_are_shown() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        page = Page()
        await app.push_screen(page)
        page.warn("wrong\x1b[2J [b]here")
        page.query_one(Static).post_message(ScreenNotice("by the way", timeout=3))
        await pilot.pause()
        shown = [(each.message, each.severity, each.timeout) for each in app._notifications]
        assert shown[0][1:] == ("error", ERROR_S)
        assert "\x1b" not in shown[0][0]
        assert "[b]here" in shown[0][0]
        assert shown[1] == ("by the way", "information", 3)
