"""↓ moves through every line of a form, also where the lines do not fit the screen."""

from __future__ import annotations

import pytest
from textual.screen import ModalScreen
from textual.widgets import Input

from steertui.screens.desk.dialogs.form import DeskForm
from steertui.screens.jobs.form.form import JobForm
from tests.steertui.app.stage import Stage, stage

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("keys", "kind", "lines"),
    [(("f7",), DeskForm, 16), (("f3", "n", *"Extract", "enter"), JobForm, 24)],
    ids=["settings of answers", "a job"],
)
async def test_down_reaches_every_line_and_shows_it(
    keys: tuple[str, ...], kind: type[ModalScreen], lines: int
) -> None:
    async with stage(size=(80, lines)) as at:
        await at.ready()
        await at.press(*keys)
        await at.until(lambda: isinstance(at.pilot.app.screen, kind))
        fields = at.pilot.app.screen.query_one("#fields")
        assert fields.allow_vertical_scroll, "all lines fit, so nothing is tested"
        for line in list(fields.query(Input)):
            await at.until(lambda line=line: line.has_focus and _is_seen(at, line))
            await at.press("down")


def _is_seen(at: Stage, line: Input) -> bool:
    return at.pilot.app.screen.query_one("#fields").region.contains_region(line.region)
