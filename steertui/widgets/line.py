"""A text input that replaces control characters, e.g. in pasted text or in notes from a file."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.widgets import Input

from steertui.text import safe_text


class SafeInput(Input):
    """With `steps`, the arrow keys and space step through these values."""

    def __init__(
        self,
        value: str = "",
        steps: Sequence[str] = (),
        *,
        placeholder: str = "",
        select_on_focus: bool = True,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(value, placeholder=placeholder, select_on_focus=select_on_focus, id=id)
        self._steps = steps

    def validate_value(self, value: str) -> str:
        return safe_text(value)

    async def on_key(self, event: events.Key) -> None:
        if self._steps and event.key in ("left", "right", "space"):
            event.prevent_default()
            event.stop()
            self._step(-1 if event.key == "left" else 1)

    def _step(self, change: int) -> None:
        # From a value that is not a step, either direction leads to the first one.
        here = self._steps.index(self.value) if self.value in self._steps else -change
        self.value = self._steps[(here + change) % len(self._steps)]
        self.select_all()
