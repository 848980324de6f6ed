"""The completion list above the prompt while a line begins with a slash."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.widgets import OptionList

from steertui.widgets.choices import Choice, choice_options

Offer = Callable[[str], Sequence[tuple[str, str]]]


class Completions(OptionList, can_focus=False):
    """`offer` lists (text, description) for a line; `complete` puts a choice into the line."""

    def __init__(self, offer: Offer, complete: Callable[[str, str], str], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._offer, self._complete = offer, complete
        self._found: Sequence[tuple[str, str]] = ()

    @property
    def shown(self) -> bool:
        return bool(self._found)

    def update_for(self, line: str) -> None:
        """Update the list for the changed line."""
        self._found = self._offer(line) if line.startswith("/") and "\n" not in line else ()
        self.clear_options()
        self.add_options(choice_options([Choice(str(n), *words) for n, words in enumerate(self._found)]))
        self.set_class(self.shown, "-shown")
        if self.shown:
            self.highlighted = 0

    def move(self, change: int) -> None:
        self.highlighted = ((self.highlighted or 0) + change) % len(self._found)

    def completed_line(self, line: str) -> str:
        """The line with the highlighted choice inserted; unchanged once arguments have been started."""
        return line if " " in line else self._complete(line, self._found[self.highlighted or 0][0])
