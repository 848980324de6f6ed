"""Lines to scroll through keep the style they were given, as a whole or in part."""

from __future__ import annotations

import pytest
from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult

from steertui.widgets.chart.curves import ChartCurve, CurvePoint, draw_chart
from steertui.widgets.chart.grid import draw_grid
from steertui.widgets.page import TextPage

pytestmark = pytest.mark.anyio
COLOURS = dict.fromkeys(("primary", "border", "background", "heat-warm", "heat-cool"), "#123456")


class Sheet(App[None]):
    def compose(self) -> ComposeResult:
        yield TextPage()


async def drawn(line: Text) -> list[tuple[str, Style]]:
    app = Sheet()
    async with app.run_test(size=(20, 5)) as pilot:
        app.query_one(TextPage).show([line])
        await pilot.pause()
        strip = app.query_one(TextPage).render_line(0)
        return [(text, style) for text, style, _ in strip if text.strip() and style is not None]


@pytest.mark.parametrize(
    ("line", "red"),
    [
        (Text("whole", style="#ff0000"), {"whole"}),
        (Text.assemble(("part", "#ff0000"), " of it"), {"part"}),
        (Text("none"), set()),
    ],
    ids=["whole", "part", "none"],
)
async def test_a_line_keeps_its_style(line: Text, red: set[str]) -> None:
    assert {text for text, style in await drawn(line) if style.color and style.color.name == "#ff0000"} == red


def test_what_is_measured_is_not_as_quiet_as_its_labels() -> None:
    """A line's own style would reach over all that is put behind it."""
    curve = draw_chart([ChartCurve.of("d", [CurvePoint(0, 0), CurvePoint(9, 5)])], 40, 9, COLOURS)
    cells = draw_grid({("row", "column"): 1.0}, COLOURS)
    for line in (*curve[1:-2], cells[1]):
        assert "dim" not in str(line.style)
        assert "dim" in str(line.spans[0].style)
        assert all("dim" not in str(span.style) for span in line.spans[1:])
