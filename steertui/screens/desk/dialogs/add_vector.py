"""The dialog that chooses a vector of the library, or takes the path of a file."""

from __future__ import annotations

from collections.abc import Collection

from steertui.screens.desk.first_page import FIRST
from steertui.screens.pick import ChoiceDialog


def vector_dialog(loaded: Collection[str]) -> ChoiceDialog:
    """All vectors but those that have a strip; while none has, the one of the first page comes first."""
    # Reading cards costs an import of numpy, which the first frame need not wait for.
    from steertui.screens.vector_choices import vector_choices

    choices = [choice for choice in vector_choices() if choice.name not in loaded]
    if not loaded:
        choices.sort(key=lambda choice: choice.name != FIRST)
    return ChoiceDialog("add a vector", choices, free="type to filter, or the path of a file")
