"""What each patch is for: frames seen before they are written, fewer layouts, the screen as rows."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Static

from steertui.textual_patches import terminal_driver
from steertui.textual_patches.compositor_updates import CompositorUpdate
from steertui.textual_patches.first_frames import FirstFramesScreen
from steertui.textual_patches.frame_hooks import FrameHooksApp
from steertui.textual_patches.growing_scroll import GrowingScrollView
from steertui.textual_patches.measured_table import MeasuredTable
from steertui.textual_patches.screen_capture import capture_rows

pytestmark = pytest.mark.anyio


class Lines(GrowingScrollView):
    def on_mount(self) -> None:
        self.anchor()

    def render_line(self, y: int) -> Strip:
        return Strip.blank(self.size.width)


class Page(FrameHooksApp[None]):
    """Counts the frames that were offered, and those that were written."""

    offered = written = 0

    def compose(self) -> ComposeResult:
        yield Static("first")
        yield Lines()

    def reduce_frame(self, frame: CompositorUpdate) -> CompositorUpdate | None:
        self.offered += 1
        return super().reduce_frame(frame)

    def after_frame(self) -> None:
        self.written += 1


class Over(ModalScreen[None]):
    def compose(self) -> ComposeResult:
        yield Static("second")


class Setup(FirstFramesScreen[None]):
    def compose(self) -> ComposeResult:
        yield Static("first")


async def test_a_frame_is_offered_before_it_is_written_and_none_in_a_batch() -> None:
    app = Page()
    async with app.run_test() as pilot:
        await pilot.pause()
        before, written = app.offered, app.written
        assert before > 0
        with app.batch_update():
            app.query_one(Static).update("in a batch")
            app.screen.refresh()
            await pilot.pause()
            assert app.offered == before
        await pilot.pause()
        assert app.offered > before
        assert app.written > written


async def test_a_screen_is_not_composed_while_the_app_sets_it_up(monkeypatch: pytest.MonkeyPatch) -> None:
    composed = []
    app: App[None] = App()
    async with app.run_test() as pilot:
        screen = Setup()
        await app.push_screen(screen)
        await pilot.pause()
        draw = type(screen._compositor).render_update

        def counted(compositor: object, *given: object, **named: object) -> object:
            composed.append(compositor)
            return draw(compositor, *given, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(type(screen._compositor), "render_update", counted)
        with app.batch_update():
            screen.query_one(Static).update("in a batch")
            await pilot.pause()
            screen._compositor_refresh()
            assert composed == []
        screen._compositor_refresh()
        assert composed != []


async def test_a_full_view_grows_without_a_new_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Page()
    async with app.run_test(size=(40, 10)) as pilot:
        lines = app.query_one(Lines)
        lines.set_content_size(Size(40, 50))
        await pilot.pause()
        layouts: list[object] = []
        monkeypatch.setattr(Lines, "watch_virtual_size", lambda *given: layouts.append(given), raising=False)
        lines.set_content_size(Size(40, 51))
        await pilot.pause()
        assert layouts == []
        assert lines.virtual_size.height == 51
        assert lines.vertical_scrollbar.window_virtual_size == 51
        assert lines.scroll_y == lines.max_scroll_y
        lines.set_content_size(Size(30, 51))
        assert len(layouts) == 1


async def test_the_screen_is_captured_with_what_lies_over_it() -> None:
    app = Page()
    async with app.run_test(size=(40, 10)) as pilot:
        assert capture_rows(app)[0].text.startswith("first")
        assert len(capture_rows(app)) == 10
        await app.push_screen(Over())
        await pilot.pause()
        assert capture_rows(app)[0].text.startswith("second")


async def test_a_control_sequence_is_written_past_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Page()
    assert not terminal_driver.write_control(app, "\x1b[6n")
    assert not terminal_driver.can_reply(app)
    async with app.run_test():
        written: list[str] = []
        monkeypatch.setattr(type(app._driver), "write", lambda driver, text: written.append(text))
        assert terminal_driver.write_control(app, "\x1b[6n")
        assert written == ["\x1b[6n"]
        monkeypatch.setattr(app._driver, "input_tty", True, raising=False)
        assert terminal_driver.can_reply(app)


class Rows(App[None]):
    CSS = "MeasuredTable {height: 10}"

    def compose(self) -> ComposeResult:
        yield MeasuredTable[str](cursor_type="row")


async def test_a_row_drawn_before_its_columns_were_measured_is_drawn_again() -> None:
    app = Rows()
    async with app.run_test() as pilot:
        table = app.query_one(MeasuredTable)
        table.add_column("who")
        await pilot.pause()
        table.add_row("somebody with a long name")
        # What a busy machine does: a frame is drawn before the table gets to measure its cells.
        assert "long name" not in table.render_line(1).text
        await pilot.pause()
        assert "somebody with a long name" in table.render_line(1).text
