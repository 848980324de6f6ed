"""The dialog that chooses a vector of the library, or takes the path of a file."""

from __future__ import annotations

from collections.abc import Collection

from sessions.journal.events import ModelChanged
from steertui.screens.desk.first_page import FIRST
from steertui.screens.pick import ChoiceDialog


def vector_dialog(loaded: Collection[str], model: ModelChanged | None = None) -> ChoiceDialog:
    """All vectors but those that have a strip, first those that fit the model; while none has a strip, the one of
    the first page comes first.
    """
    # Reading cards costs an import of numpy, which the first frame need not wait for.
    from steertui.screens.library.compatibility import shape_of
    from steertui.screens.vector_choices import vector_choices

    choices = vector_choices(shape_of(model), first="" if loaded else FIRST)
    kept = [choice for choice in choices if choice.name not in loaded]
    return ChoiceDialog("add a vector", kept, free="type to filter, or the path of a file")
