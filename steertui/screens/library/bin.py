"""The hand's way into the trash and out of it again; what a slip of the hand threw away comes back with one key."""

from __future__ import annotations

from collections.abc import Callable

from textual.screen import Screen

from core.errors import SteerError, UsageError
from steertui.screens.pick import Choice, Pick
from steertui.text import safe_text
from vectors import library


class Bin:
    """`restored` is told the name of what came back."""

    def __init__(self, screen: Screen[str | None], restored: Callable[[str], None]) -> None:
        self._screen, self._restored = screen, restored
        self._thrown: list[str] = []

    def throw(self, name: str) -> None:
        self._thrown.append(library.remove(name).name)
        self._say(f"{name} is in the trash: z takes it back")

    def undo(self) -> None:
        """The last that was thrown away here; what went in earlier days is chosen."""
        if not self._thrown:
            raise UsageError("nothing was removed here: T shows what is in the trash")
        self._restore(self._thrown[-1])

    def choose(self) -> None:
        """Anything in the trash, whenever it went there."""
        found = library.trashed()
        if not found:
            raise UsageError("the trash is empty")
        choices = [Choice(str(n), library.named(each), each.when) for n, each in enumerate(found)]

        def answered(chosen: str | None) -> None:
            if chosen is not None:
                self._try(found[int(chosen)].place.name)

        self._screen.app.push_screen(Pick("trash", choices, hint="enter takes it back · esc back"), answered)

    def _try(self, wanted: str) -> None:
        try:
            self._restore(wanted)
        except SteerError as error:
            self._screen.notify(safe_text(str(error)), severity="error", markup=False, timeout=8)

    def _restore(self, wanted: str) -> None:
        name = library.restore(wanted)
        self._thrown = [each for each in self._thrown if each != wanted]
        self._say(f"{name} is back")
        self._restored(name)

    def _say(self, sentence: str) -> None:
        self._screen.notify(safe_text(sentence), markup=False)
