"""The list over the prompt while a line begins with a slash: what it could become, and the one that tab would take."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.widgets import OptionList

from steertui.screens.pick import Choice, options

Offer = Callable[[str], Sequence[tuple[str, str]]]


class Completions(OptionList, can_focus=False):
    """`offer` lists (what to type, what it does) for a line; `complete` puts a choice into the line."""

    def __init__(self, offer: Offer, complete: Callable[[str, str], str], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._offer, self._complete = offer, complete
        self._found: Sequence[tuple[str, str]] = ()

    @property
    def shown(self) -> bool:
        return bool(self._found)

    def follow(self, line: str) -> None:
        """The line has changed."""
        self._found = self._offer(line) if line.startswith("/") and "\n" not in line else ()
        self.clear_options()
        self.add_options(options([Choice(str(n), *words) for n, words in enumerate(self._found)]))
        self.set_class(self.shown, "-shown")
        if self.shown:
            self.highlighted = 0

    def move(self, change: int) -> None:
        self.highlighted = ((self.highlighted or 0) + change) % len(self._found)

    def taken(self, line: str) -> str:
        """The line with the choice in it; as it is where it has gone on to the words behind."""
        return line if " " in line else self._complete(line, self._found[self.highlighted or 0][0])
