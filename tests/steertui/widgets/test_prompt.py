"""The prompt: what was typed is what is sent, in the order of the keys, however fast they come."""

from __future__ import annotations

import pytest
from textual import events
from textual.app import App, ComposeResult

from steertui.widgets.prompt import PromptInput
from tests.steertui.hostile import HOSTILE, talks_to_terminal

pytestmark = pytest.mark.anyio
NAMED = {"\n": "ctrl+j", "\r": "enter"}


class Page(App[None]):
    def __init__(self, keymap: dict[str, str] | None = None) -> None:
        super().__init__()
        self.sent: list[str] = []
        self.set_keymap(keymap or {})

    def compose(self) -> ComposeResult:
        yield PromptInput(("first example", "second example"))

    def on_prompt_input_sent(self, message: PromptInput.Sent) -> None:
        self.sent.append(message.text)


def burst(page: Page, text: str) -> None:
    """All keys at once, as a pasting multiplexer or a very fast hand sends them."""
    for char in text:
        page.post_message(events.Key(NAMED.get(char, char), None if char in NAMED else char))


async def test_a_burst_keeps_its_order() -> None:
    page = Page()
    async with page.run_test() as pilot:
        burst(page, "one\ntwo\nthree\rfour\rfive")
        await pilot.pause(0.2)
        assert page.sent == ["one\ntwo\nthree", "four"]
        assert page.query_one(PromptInput).text == "five"


async def test_enter_can_be_given_to_another_key() -> None:
    page = Page({"prompt.send": "f6", "prompt.newline": "enter"})
    async with page.run_test() as pilot:
        await pilot.press(*"hi", "enter", *"you", "f6")
        assert page.sent == ["hi\nyou"]


async def test_blank_prompts_are_not_sent() -> None:
    page = Page()
    async with page.run_test() as pilot:
        await pilot.press("enter", "space", "enter", "ctrl+j", "enter")
        assert page.sent == []


async def test_history_goes_back_to_the_examples_and_forth_to_the_draft() -> None:
    page = Page()
    async with page.run_test() as pilot:
        prompt = page.query_one(PromptInput)
        await pilot.press(*"said", "enter", *"draft")
        seen = []
        for key in ("up", "up", "up", "up", "down", "down", "down"):
            await pilot.press(key)
            seen.append(prompt.text)
        assert seen == [
            *("said", "first example", "second example", "second example"),
            *("first example", "said", "draft"),
        ]


async def test_up_in_a_long_text_moves_the_cursor_first() -> None:
    page = Page()
    async with page.run_test() as pilot:
        prompt = page.query_one(PromptInput)
        await pilot.press("a", "ctrl+j", "b", "up")
        assert prompt.text == "a\nb"
        assert prompt.cursor_location[0] == 0
        await pilot.press("up")
        assert prompt.text == "first example"


@pytest.mark.parametrize("name", HOSTILE)
async def test_pasted_text_is_visible_text(name: str) -> None:
    page = Page()
    async with page.run_test() as pilot:
        page.query_one(PromptInput).post_message(events.Paste(HOSTILE[name]))
        await pilot.pause()
        assert page.query_one(PromptInput).text
        assert not talks_to_terminal(page.query_one(PromptInput).text)
