"""The prompt: enter sends, ctrl+j breaks the line, ↑ on the first line recalls earlier prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding
from textual.message import Message
from textual.widgets import TextArea
from textual.widgets.text_area import Edit, EditResult

from steertui.text import safe_text
from steertui.widgets.completions import Completions

INVITATIONS = {"TYPE": "Say something to the model", "PLAY": "PLAY: the keys turn the dials · i to type"}


class PromptInput(TextArea):
    """A text area that grows with its text, up to the height in the style sheet."""

    BINDINGS = [
        Binding("enter", "send", "send", id="prompt.send", show=False),
        Binding("ctrl+j", "newline", "new line", id="prompt.newline", show=False),
        Binding("up", "older", "earlier prompt", show=False),
        Binding("down", "newer", "later prompt", show=False),
    ]

    @dataclass
    class Sent(Message):
        """Enter was pressed and the text is not blank."""

        text: str

    def __init__(self, examples: Sequence[str] = (), *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(
            id=id,
            soft_wrap=True,
            show_line_numbers=False,
            tab_behavior="focus",
            compact=True,
            placeholder=INVITATIONS["TYPE"],
        )
        self.earlier: list[str] = list(reversed(examples))
        self.highlight_cursor_line = False
        self._place = 0
        self._draft = ""
        self.menu: Completions | None = None

    def load_text(self, text: str) -> None:
        """Sanitise text from a history file, a session or an editor: it may contain control characters."""
        super().load_text(safe_text(text, multiline=True))

    def show_mode(self, mode: str) -> None:
        """Set the placeholder that says what the keys do in this mode."""
        self.placeholder = INVITATIONS[mode]

    def add_history(self, said: Sequence[str]) -> None:
        """Add earlier prompts, oldest first; the examples stay older than all of them."""
        self.earlier += [text for text in said if text not in self.earlier]

    def set_examples(self, examples: Sequence[str]) -> None:
        """Set the example prompts. They count as the oldest prompts, so ↑ reaches them first in a new
        session.
        """
        self.earlier = list(reversed(examples)) + [said for said in self.earlier if said not in examples]
        self._place = 0

    async def on_key(self, event: events.Key) -> None:
        """Run the prompt's own bindings at once. Textual would run them only after the key has bubbled up
        to the app, so a fast typist's next letter could overtake enter.
        """
        if self._handle_menu_key(event.key):
            event.prevent_default()
            event.stop()
            return
        active = self.screen.active_bindings.get(event.key)
        # Bindings of other nodes, such as the screen's keys, take Textual's usual way.
        if active is None or active.node is not self:
            return
        if await self.app.run_action(active.binding.action, default_namespace=self):
            event.prevent_default()
            event.stop()

    def _handle_menu_key(self, key: str) -> bool:
        """While the completion list is open, the arrows choose and tab completes."""
        if self.menu is None or not self.menu.shown or key not in ("up", "down", "tab"):
            return False
        if key == "tab":
            self._recall(self.menu.completed_line(self.text))
        else:
            self.menu.move(-1 if key == "up" else 1)
        return True

    def on_text_area_changed(self) -> None:
        if self.menu is not None:
            self.menu.update_for(self.text)

    def edit(self, edit: Edit) -> EditResult:
        """Sanitise pasted text, so that what is sent is what is shown. It also breaks very long words,
        which would take minutes to wrap.
        """
        # A single printable character was typed and cannot be a control sequence.
        if len(edit.text) > 1 or not edit.text.isprintable():
            edit.text = safe_text(edit.text, multiline=True)
        return super().edit(edit)

    def action_send(self) -> None:
        text = self.text.strip("\n")
        if not text.strip():
            return
        if self.menu is not None and self.menu.shown:
            text = self.menu.completed_line(text)
            if text.endswith(" ") and text != self.text:  # it still needs an argument
                self._recall(text)
                return
        if not self.earlier or self.earlier[-1] != text:
            self.earlier.append(text)
        self._place = 0
        self.clear()
        self.post_message(self.Sent(text))

    def action_copy(self) -> None:
        """Copy the selection; without one, leave ctrl+c to the app."""
        if not self.selected_text:
            raise SkipAction
        super().action_copy()

    def action_newline(self) -> None:
        self.insert("\n")

    def action_older(self) -> None:
        if self.cursor_location[0] > 0 or self._place >= len(self.earlier):
            self.action_cursor_up()
            return
        if self._place == 0:
            # The unsent text comes back when ↓ moves past the newest prompt.
            self._draft = self.text
        self._place += 1
        self._recall(self.earlier[-self._place])

    def action_newer(self) -> None:
        if self._place == 0 or self.cursor_location[0] < self.document.line_count - 1:
            self.action_cursor_down()
            return
        self._place -= 1
        self._recall(self.earlier[-self._place] if self._place else self._draft)

    def _recall(self, text: str) -> None:
        self.load_text(text)
        self.move_cursor(self.document.end)
