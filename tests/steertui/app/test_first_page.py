"""The first page: made once, drawn once, and only then an engine is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual._compositor import Compositor
from textual.css.errors import StylesheetError

from steertui.app import StudioApp
from steertui.config import Settings
from steertui.screens.desk.screen import DeskScreen
from steertui.textual_patches.stylesheet_cache import CachedStylesheet

pytestmark = pytest.mark.anyio


@pytest.fixture
def happened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the start does, in its order."""
    told: list[str] = []
    draw = Compositor.render_full_update

    def drawn(compositor: Compositor, simplify: bool = False) -> object:
        told.append("page")
        return draw(compositor, simplify)

    monkeypatch.setattr(Compositor, "render_full_update", drawn)
    monkeypatch.setattr(DeskScreen, "listen", lambda desk: told.append("engine"))
    return told


async def test_a_page_is_drawn_before_an_engine_is_asked_for(happened: list[str]) -> None:
    app = StudioApp("demo-instruct", Path("no.sock"), Settings())
    async with app.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        assert happened[:2] == ["page", "engine"]
        assert happened.count("engine") == 1


@pytest.mark.parametrize(
    ("size", "classes"),
    [((140, 40), {"-wide", "-high"}), ((99, 30), {"-narrow", "-tall"}), ((40, 10), {"-tiny", "-flat"})],
)
async def test_a_desk_knows_its_size_before_its_widgets_are_made(
    size: tuple[int, int], classes: set[str]
) -> None:
    app = StudioApp("demo-instruct", Path("no.sock"), Settings())
    async with app.run_test(size=size) as pilot:
        early = pilot.app.screen.classes
        await pilot.resize_terminal(200, 50)
        await pilot.resize_terminal(*size)
        assert classes <= early
        assert early == pilot.app.screen.classes


def test_a_source_is_read_again_only_for_other_colours() -> None:
    styles = CachedStylesheet(variables={"ink": "red"})
    styles.add_source("Label { color: $ink; }", ("a", ""))
    first = styles.rules[0]
    styles.add_source("Button { color: $ink; }", ("b", ""))
    styles.set_variables({"ink": "red"})
    styles.reparse()
    assert [rule is first for rule in styles.rules] == [True, False]
    styles.set_variables({"ink": "blue"})
    styles.reparse()
    assert "#0000FF" in styles.rules[0].styles.css
    assert styles.rules[0] is not first


def test_what_is_in_force_stays_when_a_source_is_wrong() -> None:
    styles = CachedStylesheet()
    styles.add_source("Label { color: red; }", ("a", ""))
    styles.parse()
    styles.add_source("Label { colour: red; }", ("b", ""))
    with pytest.raises(StylesheetError):
        styles.reparse()
    assert len(styles._rules) == 1
