"""Moves vectors to the trash and restores them; the last removal is undone with one key."""

from __future__ import annotations

from collections.abc import Callable

from textual.screen import Screen

from core.errors import SteerError, UsageError
from steertui.screens.notices import ERROR_S, ScreenNotice
from steertui.screens.pick import ChoiceDialog
from steertui.text import safe_text
from steertui.widgets.choices import Choice
from vectors.library import library


class TrashBin:
    """`restored` is called with the name of a restored vector."""

    def __init__(self, screen: Screen[str | None], restored: Callable[[str], None]) -> None:
        self._screen, self._restored = screen, restored
        self._removed: list[str] = []

    def move_to_trash(self, name: str) -> None:
        self._removed.append(library.remove(name).name)
        self._show_notice(f"{name} is in the trash: z restores it")

    def undo(self) -> None:
        """Restore the vector removed last on this screen; older ones are restored with `T`."""
        if not self._removed:
            raise UsageError("nothing to undo: T lists the trash")
        self._restore(self._removed[-1])

    def open_trash_dialog(self) -> None:
        """Choose any vector in the trash to restore."""
        found = library.list_trash()
        if not found:
            raise UsageError("the trash is empty")
        # The trash may hold several vectors of one name, so the key is the place in the list.
        choices = [Choice(str(n), library.original_name(each), each.when) for n, each in enumerate(found)]

        def answered(chosen: str | None) -> None:
            if chosen is not None:
                self._restore_or_warn(found[int(chosen)].place.name)

        self._screen.app.push_screen(
            ChoiceDialog("trash", choices, hint="enter restores it · esc back"), answered
        )

    def _restore_or_warn(self, wanted: str) -> None:
        try:
            self._restore(wanted)
        except SteerError as error:
            self._screen.post_message(ScreenNotice(str(error), "error", ERROR_S))

    def _restore(self, wanted: str) -> None:
        name = library.restore_vector(wanted)
        self._removed = [each for each in self._removed if each != wanted]
        self._show_notice(f"{name} is restored")
        self._restored(name)

    def _show_notice(self, sentence: str) -> None:
        self._screen.notify(safe_text(sentence), markup=False)
