"""A token costs the lines it lands on, whether it is the hundredth or the ten-thousandth."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from steertui.widgets.transcript.document import Item, TextPiece, TranscriptMarker, TranscriptTurn
from steertui.widgets.transcript.layout import LayoutLine
from steertui.widgets.transcript.view import Transcript

pytestmark = pytest.mark.anyio
FRAME = 10


class Counting(Transcript):
    """Counts the lines it builds and the folds it makes from scratch."""

    DEFAULT_CSS = ""
    built = 0
    folded = 0

    def build_strip(self, line: LayoutLine, number: int):  # type: ignore[no-untyped-def]
        self.built += 1
        return super().build_strip(line, number)

    def _refold(self) -> None:
        self.folded += 1
        super()._refold()


class Page(App[None]):
    CSS = "\n".join(
        f"Transcript > .{name} {{ color: white; }}" for name in sorted(Transcript.COMPONENT_CLASSES)
    )

    def get_css_variables(self) -> dict[str, str]:
        return {"heat-cool": "#3f8fe0", "heat-warm": "#f08a3c"} | super().get_css_variables()

    def compose(self) -> ComposeResult:
        yield Counting(id="transcript")


def frame(start: int) -> list[Item]:
    return [TextPiece(f" word{index}", index) for index in range(start, start + FRAME)]


async def built(page: Page, pilot, start: int, tokens: int) -> int:  # type: ignore[no-untyped-def]
    """Lines built while so many tokens were written, ten a frame, the newest measured as they come."""
    transcript = page.query_one(Counting)
    before = transcript.built
    for at in range(start, start + tokens, FRAME):
        transcript.extend(frame(at))
        transcript.tint.readings["pirate"].add(float(at % 7))
        transcript.set_projections(at, {"pirate": float(at % 7)})
        await pilot.pause()
    return transcript.built - before


async def test_cost_is_flat_in_length() -> None:
    page = Page()
    async with page.run_test(size=(80, 24)) as pilot:
        transcript = page.query_one(Counting)
        transcript.extend([TranscriptTurn("asst")])
        transcript.next_heat(["pirate"], 0)
        early = await built(page, pilot, 0, 500)
        transcript.extend([TextPiece(f" word{index}", index) for index in range(500, 10_000)])
        await pilot.pause()
        folds = transcript.folded
        late = await built(page, pilot, 10_000, 500)
        assert late <= early * 1.1 + 24
        assert transcript.folded == folds
        assert transcript.scroll_offset.y == transcript.max_scroll_y


async def test_only_the_lines_in_sight_are_built() -> None:
    page = Page()
    async with page.run_test(size=(80, 24)) as pilot:
        transcript = page.query_one(Counting)
        transcript.extend(
            [TranscriptTurn("asst"), *(TextPiece(f" word{index}", index) for index in range(20_000))]
        )
        await pilot.pause()
        assert transcript.built < 200


async def test_it_follows_until_somebody_scrolls_up_and_again_at_the_end() -> None:
    page = Page()
    async with page.run_test(size=(60, 12)) as pilot:
        transcript = page.query_one(Counting)
        transcript.focus()
        transcript.extend(
            [TranscriptTurn("asst"), *(TextPiece(f" word{index}", index) for index in range(500))]
        )
        await pilot.pause()
        await pilot.press("pageup")
        await pilot.pause(0.3)
        held = transcript.scroll_offset.y
        transcript.extend(frame(500))
        await pilot.pause()
        assert transcript.scroll_offset.y == held < transcript.max_scroll_y
        await pilot.press("end")
        await pilot.pause(0.3)
        transcript.extend(frame(510) + frame(520))
        await pilot.pause()
        assert transcript.scroll_offset.y == transcript.max_scroll_y


@pytest.mark.parametrize("key", ["j", "down", "pagedown"])
async def test_a_key_that_scrolls_further_down_from_the_end_does_not_let_go_of_it(key: str) -> None:
    page = Page()
    async with page.run_test(size=(60, 12)) as pilot:
        transcript = page.query_one(Counting)
        transcript.focus()
        transcript.extend(
            [TranscriptTurn("asst"), *(TextPiece(f" word{index}", index) for index in range(500))]
        )
        await pilot.pause()
        await pilot.press(key)
        await pilot.pause(0.3)
        transcript.extend(frame(500) + frame(510))
        await pilot.pause()
        assert transcript.scroll_offset.y == transcript.max_scroll_y
        await pilot.press("up")
        await pilot.pause(0.3)
        assert transcript.scroll_offset.y == transcript.max_scroll_y - 1


async def test_selection_copies_words_without_gutter_and_joins_folded_lines() -> None:
    page = Page()
    async with page.run_test(size=(40, 12)) as pilot:
        transcript = page.query_one(Counting)
        text = "one two three four five six seven eight nine ten eleven twelve"
        pieces = [
            TextPiece(word if not index else f" {word}", index) for index, word in enumerate(text.split())
        ]
        transcript.extend([TranscriptTurn("asst"), *pieces[:10], TranscriptMarker("FLIP", 10), *pieces[10:]])
        await pilot.pause()
        transcript.text_select_all()
        selected = page.screen.get_selected_text()
        assert selected == "one two three four five six seven eight nine ten\nFLIP\neleven twelve"


async def test_a_frame_is_drawn_once_also_when_it_begins_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page()
    async with page.run_test(size=(80, 24)) as pilot:
        transcript = page.query_one(Counting)
        transcript.extend(
            [TranscriptTurn("asst"), *(TextPiece(f" word{index}", index) for index in range(500))]
        )
        await pilot.pause()
        await pilot.pause()
        height, shown = transcript.virtual_size.height, []
        monkeypatch.setattr(page, "_display", lambda screen, update: shown.append(update))
        for at in range(500, 1000, FRAME):
            transcript.extend(frame(at))
            await pilot.pause()
        assert transcript.virtual_size.height > height + 30
        assert len(shown) <= 52
        assert transcript.scroll_offset.y == transcript.max_scroll_y


async def test_a_measured_token_draws_again_only_the_lines_it_lies_on() -> None:
    page = Page()
    async with page.run_test(size=(30, 12)) as pilot:
        transcript = page.query_one(Counting)
        words = [
            TextPiece(" abcdefg", 0),
            TextPiece(" hijklmn", 1),
            TextPiece(" opq\nrst", 2),
            TextPiece(" uvw", 3),
        ]
        transcript.extend([TranscriptTurn("asst"), *words])
        transcript.next_heat(["pirate"], 0)
        await pilot.pause()
        lines = transcript.sheet.lines
        assert [words[2].line, words[3].line] == [1, 1]
        for index, drawn_again in ((3, [False, True]), (2, [True, True]), (0, [True, False])):
            for number in range(len(lines)):
                transcript._strip(number)
            transcript.set_projections(index, {"pirate": 1.0})
            assert [line.strip is None for line in lines] == drawn_again


async def test_nothing_is_left_of_lines_that_have_gone() -> None:
    page = Page()
    async with page.run_test(size=(30, 20)) as pilot:
        transcript = page.query_one(Counting)
        transcript.extend(
            [TranscriptTurn("asst"), *(TextPiece(f" word{index}", index) for index in range(40))]
        )
        await pilot.pause()
        transcript.rewind(4)
        await pilot.pause()
        drawn = "".join(strip.text for strip in page.screen._compositor.render_strips())
        assert drawn.split() == ["asst", "word0", "word1", "word2", "word3"]
