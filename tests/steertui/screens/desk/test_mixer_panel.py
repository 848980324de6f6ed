"""The mixer panel: an edit is posted and paints the strips once."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from core.mixer.mixer import Channel
from sessions.state.vector_facts import VectorFacts
from steertui.screens.desk.mixer import edits
from steertui.screens.desk.mixer.edits import MixerBoard
from steertui.screens.desk.mixer_panel import MixerPanel
from steertui.widgets.mixer.strips import Strips

pytestmark = pytest.mark.anyio
VECTOR = VectorFacts("pirate", "0" * 64, dict.fromkeys(range(1, 10)))


class Page(App[None]):
    def compose(self) -> ComposeResult:
        yield MixerPanel()


async def test_an_edit_paints_the_strips_once(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Page()
    async with app.run_test() as pilot:
        panel = app.query_one(MixerPanel)
        panel.board = edits.add_channel(MixerBoard(n_layers=10), Channel.suggested(VECTOR)).board
        await pilot.pause()
        painted: list[bool] = []
        redraw = Strips.redraw

        def counted(strips: Strips) -> None:
            painted.append(strips.mixer.channels[0].flipped)
            redraw(strips)

        monkeypatch.setattr(Strips, "redraw", counted)
        assert panel.try_edit(lambda: edits.flip(panel.board))
        assert painted == [True]
        panel.show_meters()
        assert painted == [True, True]
